/* YAML at the door: one document, read by libyaml into a tree whose every node knows its line and column. JSON is read as
 * the flow style of YAML, so that it has positions too.
 *
 * Accepted is a part of YAML 1.2 that means one thing only: block and flow maps and lists, plain, quoted and block scalars,
 * comments. Refused are anchors and aliases, tags, several documents, keys that are not text, a key twice in one map, NUL
 * and other control characters, invalid UTF-8, Unicode's own line ends, more than YAML_TEXT_MAX bytes, YAML_NODES_MAX
 * values or YAML_DEPTH_MAX levels.
 *
 * Plain scalars are null, true, false, integers and floats as the core schema of YAML 1.2 (10.3.2) has them, else text:
 * yes, no, on and off are text. The source text of a number is kept, so that 1.10 can be read as text where text is
 * wanted. Quoted and block scalars are text. */
#ifndef BASE_YAML_YAML_H
#define BASE_YAML_YAML_H

#include "base/bytes.h"

#define YAML_TEXT_MAX  ((size_t)1 << 20)
#define YAML_NODES_MAX 65536
#define YAML_DEPTH_MAX 32
#define YAML_KEYS_MAX  1024 /* in one map */

enum yaml_type { YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_place {
    unsigned line, column; /* from 1; columns count characters. 0: unknown */
};

struct yaml_node {
    enum yaml_type type;
    bool plain;           /* a scalar that was not quoted */
    bool boolean;         /* YAML_BOOL */
    int64_t integer;      /* YAML_INT */
    double real;          /* YAML_INT, YAML_FLOAT; integers past 64 bits are floats */
    struct bytes text;    /* of any scalar: its text, without quotes and escapes; a NUL follows */
    struct yaml_place at; /* where it begins */
    struct bytes key;     /* of a value in a map; a NUL follows */
    struct yaml_place key_at;
    struct yaml_node *first, *next; /* of a map or list its first child; the next child of the same parent */
    size_t n;                       /* of a map or list its children */
};

/* Called for everything that is refused, in the order of the text; `what` is a phrase. */
typedef void yaml_fault_fn(void *ctx, struct yaml_place at, const char *what);

struct yaml;
/* Reads the text, which may be freed afterwards. ERR_INVALID when `fault` was called at least once: all faults but those
 * of the grammar, after which nothing can be read, are found in one reading. Other failures (ERR_NOMEM; ERR_IO: libyaml is
 * missing) are not faults of the text. *ret is not set on any failure. The nodes live until yaml_free; NULL is fine. */
int yaml_read(struct bytes text, yaml_fault_fn *fault, void *ctx, struct yaml **ret, struct err *err);
const struct yaml_node *yaml_root(const struct yaml *yaml);
void yaml_free(struct yaml *yaml);

/* The value of a key in a map; NULL when it has none, or the node is no map. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* "text", "a list", ...: with its article, for messages. */
const char *yaml_type_name(enum yaml_type type);

#endif
