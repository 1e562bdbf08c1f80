/* The jansson door: JSON text in, canonical MessagePack out.
 *
 *   text --jansson--> one tree --walk, keys sorted--> canonical MessagePack
 *     \--- depth scan, when either refuses
 *
 * jansson's own bound on nesting is 2048 levels; the walk recurses and refuses what is deeper than MP_DEPTH_MAX. Neither
 * knows by then in which line that was, so a scan of the text, which knows strings and brackets only, finds it. Keys are
 * sorted in one scratch array that all levels share as a stack. jansson reads reals through the C library, whose decimal
 * point is the locale's; the calling thread is put into the C locale for the time of the call. */
#include "base/json.h"
#include "base/array.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "base/mp.h"
#include "base/text.h"

#define FEW_ENTRIES     24  /* up to this many are sorted by insertion */
#define CLEAN_ERROR_MAX 800 /* jansson's messages have at most 160 bytes, each of which may become an escape */

struct entry {
    struct bytes key; /* borrowed from the tree */
    json_t *value;    /* borrowed from the tree */
};

struct walk {
    struct buf *out;
    struct entry *entries; /* of all open objects, as a stack */
    size_t n, cap;
    unsigned depth;
};

/* ---- the place of an error ----------------------------------------------------------------------------------------------- */

static int error_at(struct bytes text, size_t at, const char *what, struct err *err) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        if (text.p[i] == '\n') {
            line++;
            column = 1;
        } else if ((text.p[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    return err_set(err, ERR_INVALID, "line %zu column %zu: %s", line, column, what);
}

/* Counts brackets outside strings. For text that is not JSON the result is arbitrary; jansson refuses such text anyway. */
static int check_depth(struct bytes text, unsigned max, struct err *err) {
    unsigned depth = 0;
    bool in_string = false, blank = true;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        blank = blank && (c == ' ' || c == '\t' || c == '\n' || c == '\r');
        if (c == '"') {
            in_string = !in_string;
        } else if (in_string) {
            i += c == '\\';
        } else if (c == '[' || c == '{') {
            if (++depth > max) {
                char what[64];
                snprintf(what, sizeof(what), "nested deeper than %u levels", max);
                return error_at(text, i, what, err);
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return blank ? error_at(text, text.n, "no JSON value", err) : 0;
}

/* ---- jansson ------------------------------------------------------------------------------------------------------ */

static int parse_error(const json_error_t *e, struct err *err) {
    const char *what = NULL;
    switch (json_error_code(e)) {
    case json_error_out_of_memory:
        return err_set(err, ERR_NOMEM, "JSON: out of memory");
    case json_error_numeric_overflow:
        if (strstr(e->text, "real") == NULL) {
            what = "an integer is out of range, expected -9223372036854775808 to 9223372036854775807";
        } else {
            what = "a real number is larger than a 64-bit float can be";
        }
        break;
    case json_error_null_byte_in_key:
        what = "an object key contains \\u0000";
        break;
    default:
        break;
    }
    if (what != NULL) {
        return err_set(err, ERR_INVALID, "line %d column %d: %s", e->line, e->column, what);
    }
    if (e->text[0] == '\0') return err_set(err, ERR_NOMEM, "JSON: out of memory");
    struct buf clean = {.max = CLEAN_ERROR_MAX};
    text_safe(&clean, bytes_of(e->text));
    int rc = err_set(err, ERR_INVALID, "line %d column %d: %.*s", e->line, e->column, (int)clean.n,
                     clean.n == 0 ? "" : (const char *)clean.p);
    buf_done(&clean);
    return rc;
}

static int parse(struct bytes text, size_t flags, json_t **ret, struct err *err) {
    struct locale_c locale;
    int rc = locale_c_begin(&locale, err);
    if (rc != 0) return rc;
    json_error_t e;
    memset(&e, 0, sizeof(e));
    json_t *root =
        json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL | flags, &e);
    locale_c_end(&locale);
    if (root == NULL) return parse_error(&e, err);
    *ret = root;
    return 0;
}

/* ---- the walk ----------------------------------------------------------------------------------------------------- */

static int entry_cmp(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    return bytes_cmp(x->key, y->key);
}

/* Pushes the object's entries onto the stack, sorted. */
static int push_entries(struct walk *w, json_t *object) {
    size_t count = json_object_size(object);
    if (count == 0) return 0;
    if (array_room(&w->entries, w->n + count, &w->cap, sizeof(*w->entries), NULL) != 0) {
        return ERR_NOMEM;
    }
    struct entry *first = w->entries + w->n;
    bool sorted = true;
    for (void *it = json_object_iter(object); it != NULL; it = json_object_iter_next(object, it)) {
        struct entry *e = &w->entries[w->n++];
        e->key = bytes_of(json_object_iter_key(it)); /* jansson refuses NUL in keys */
        e->value = json_object_iter_value(it);
        sorted = sorted && (e == first || bytes_cmp(e[-1].key, e->key) < 0);
    }
    if (!sorted && count <= FEW_ENTRIES) {
        for (size_t i = 1; i < count; i++) {
            struct entry e = first[i];
            size_t k = i;
            for (; k > 0 && bytes_cmp(first[k - 1].key, e.key) > 0; k--) {
                first[k] = first[k - 1];
            }
            first[k] = e;
        }
    } else if (!sorted) {
        qsort(first, count, sizeof(*first), entry_cmp);
    }
    return 0;
}

static int put_value(struct walk *w, json_t *v);

static int put_object(struct walk *w, json_t *object) {
    size_t first = w->n;
    if (push_entries(w, object) != 0) return ERR_NOMEM;
    size_t end = w->n;
    mp_put_map(w->out, (uint32_t)(end - first));
    for (size_t i = first; i < end; i++) {
        struct entry e = w->entries[i]; /* a copy: the array may move below */
        mp_put_str(w->out, e.key);
        int rc = put_value(w, e.value);
        if (rc != 0) return rc;
    }
    w->n = first;
    return 0;
}

static int put_array(struct walk *w, json_t *array) {
    size_t count = json_array_size(array);
    mp_put_array(w->out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        int rc = put_value(w, json_array_get(array, i));
        if (rc != 0) return rc;
    }
    return 0;
}

static int put_value(struct walk *w, json_t *v) {
    struct bytes text;
    double real;
    int rc;
    switch (json_typeof(v)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        if (w->depth == MP_DEPTH_MAX) return ERR_INVALID;
        w->depth++;
        rc = json_typeof(v) == JSON_OBJECT ? put_object(w, v) : put_array(w, v);
        w->depth--;
        return rc;
    case JSON_STRING:
        text.p = (const uint8_t *)json_string_value(v);
        text.n = json_string_length(v);
        mp_put_str(w->out, text);
        return 0;
    case JSON_INTEGER:
        mp_put_int(w->out, json_integer_value(v));
        return 0;
    case JSON_REAL:
        real = json_real_value(v);
        mp_put_float(w->out, real == 0 ? 0.0 : real);
        return 0;
    case JSON_TRUE:
    case JSON_FALSE:
        mp_put_bool(w->out, json_typeof(v) == JSON_TRUE);
        return 0;
    case JSON_NULL:
        break;
    }
    mp_put_nil(w->out);
    return 0;
}

size_t json_count_values(struct bytes text) {
    size_t n = 1;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (in_string) {
            i += c == '\\' ? 1 : 0;
            in_string = c != '"';
        } else {
            in_string = c == '"';
            n += c == ',' || c == '[' || c == '{' ? 1 : 0;
        }
    }
    return n;
}

int json_to_mp(struct bytes text, struct buf *out, struct err *err) {
    /* The counts of containers and strings fit into 32 bits when the text does. */
    size_t max = out->max < UINT32_MAX ? out->max : UINT32_MAX;
    if (text.n > max) {
        return err_set(err, ERR_LIMIT, "JSON text of %zu bytes, expected at most %zu", text.n, max);
    }
    if (text.n > JSON_VALUES_MAX && json_count_values(text) > JSON_VALUES_MAX) {
        int deep = check_depth(text, MP_DEPTH_MAX, err);
        return deep != 0 ? deep : err_set(err, ERR_LIMIT, "JSON text with more than %zu values", JSON_VALUES_MAX);
    }
    json_t *root;
    struct err why = {0};
    int rc = parse(text, 0, &root, &why);
    if (rc != 0) {
        /* Nesting is reported first: a text that is both too deep and wrong may be wrong because it was cut. */
        int deep = rc == ERR_INVALID ? check_depth(text, MP_DEPTH_MAX, err) : 0;
        return deep != 0 ? deep : err_set(err, rc, "%s", why.msg);
    }
    struct walk w = {.out = out};
    size_t before = out->n;
    rc = put_value(&w, root);
    if (rc == ERR_INVALID) {
        rc = check_depth(text, MP_DEPTH_MAX, err);
        assert(rc != 0); /* the tree is as deep as its text */
    } else if (rc != 0) {
        rc = err_set(err, ERR_NOMEM, "JSON: out of memory");
    } else {
        rc = buf_check(out, "JSON as MessagePack", err);
    }
    if (rc != 0) {
        out->n = before;
    }
    free(w.entries);
    json_decref(root);
    return rc;
}

int json_check(struct bytes text, struct err *err) {
    json_t *root = NULL;
    struct err why = {0};
    int rc = check_depth(text, JSON_DEPTH_MAX, err);
    if (rc == 0 && text.n > JSON_VALUES_MAX && json_count_values(text) > JSON_VALUES_MAX) {
        rc = err_set(err, ERR_LIMIT, "JSON text with more than %zu values", JSON_VALUES_MAX);
    }
    if (rc != 0) return rc;
    rc = parse(text, JSON_DECODE_INT_AS_REAL, &root, &why);
    json_decref(root);
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}
