/* A walk over the nodes; the keys of a map are sorted as canonical MessagePack has them. */
#include "evals/suite/value.h"

#include <math.h>
#include <stdlib.h>

#include "base/mp.h"

#define WHOLE_MAX 9007199254740992.0 /* 2^53: every integer up to it is a double */

static int by_key(const void *a, const void *b) {
    return bytes_cmp((*(const struct yaml_node *const *)a)->key, (*(const struct yaml_node *const *)b)->key);
}

static int write_map(const struct yaml_node *node, struct buf *out, struct yaml_place *ret_at, struct err *err) {
    const struct yaml_node **children = calloc(node->n + 1, sizeof(const struct yaml_node *));
    size_t n = 0;
    int rc = 0;
    if (children == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
        children[n++] = child;
    }
    qsort(children, n, sizeof(const struct yaml_node *), by_key);
    mp_put_map(out, (uint32_t)n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        mp_put_str(out, children[i]->key);
        rc = value_write(children[i], out, ret_at, err);
    }
    free(children);
    return rc;
}

static int write_real(const struct yaml_node *node, struct buf *out, struct yaml_place *ret_at, struct err *err) {
    double real = node->real + 0.0; /* no negative zero */
    if (!mp_float_ok(real)) {
        *ret_at = node->at;
        return err_set(err, ERR_INVALID, "the number '%.40s' is out of range", (const char *)node->text.p);
    }
    if (real == floor(real) && fabs(real) <= WHOLE_MAX) {
        mp_put_int(out, (int64_t)real);
    } else {
        mp_put_float(out, real);
    }
    return 0;
}

int value_write(const struct yaml_node *node, struct buf *out, struct yaml_place *ret_at, struct err *err) {
    int rc = 0;
    switch (node->type) {
    case YAML_NULL:
        mp_put_nil(out);
        break;
    case YAML_BOOL:
        mp_put_bool(out, node->boolean);
        break;
    case YAML_INT:
        mp_put_int(out, node->integer);
        break;
    case YAML_FLOAT:
        rc = write_real(node, out, ret_at, err);
        break;
    case YAML_TEXT:
        mp_put_str(out, node->text);
        break;
    case YAML_LIST:
        mp_put_array(out, (uint32_t)node->n);
        for (const struct yaml_node *child = node->first; rc == 0 && child != NULL; child = child->next) {
            rc = value_write(child, out, ret_at, err);
        }
        break;
    case YAML_MAP:
        rc = write_map(node, out, ret_at, err);
        break;
    }
    return rc != 0 ? rc : buf_check(out, "a value", err);
}
