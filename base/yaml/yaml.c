/* The libyaml door.
 *
 *   yaml_read: bytes and characters are checked --> libyaml's events --> a tree in an arena
 *
 * libyaml gives events and resolves nothing, so no alias is ever expanded: what anchors and aliases would build is refused
 * where it is written. The library is loaded at its first use (decision 017). */
#include "base/yaml/yaml.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <yaml.h>

#include "base/arena.h"
#include "base/locale.h"
#include "base/text.h"

#define ARENA_MAX  ((size_t)64 << 20)
#define NUMBER_MAX 64 /* bytes of a float that is read as one */

#define FUNCTIONS(X)                                                                                                       \
    X(yaml_parser_initialize)                                                                                              \
    X(yaml_parser_delete)                                                                                                  \
    X(yaml_parser_set_input_string)                                                                                        \
    X(yaml_parser_set_encoding)                                                                                            \
    X(yaml_parser_parse)                                                                                                   \
    X(yaml_event_delete)

struct functions {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

struct yaml {
    struct arena arena;
    struct yaml_node *root;
};

/* A map or list that is being read. */
struct level {
    struct yaml_node *node, *last;
    struct bytes key; /* of a map: the key whose value comes next */
    struct yaml_place key_at;
    bool has_key;
};

struct reader {
    const struct functions *f;
    struct yaml *yaml;
    yaml_fault_fn *fault;
    void *ctx;
    unsigned depth;
    struct level levels[YAML_DEPTH_MAX];
    size_t n_nodes, n_faults, n_documents;
    bool ended; /* nothing can be read after this */
};

static int load(struct functions *f, void **ret_library, struct err *err) {
    void *library = dlopen("libyaml-0.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) {
        return err_set(err, ERR_IO, "reading YAML needs libyaml, which is not installed (Debian package libyaml-0-2)");
    }
#define LOAD(name)                                                                                                         \
    {                                                                                                                      \
        void *symbol = dlsym(library, #name);                                                                              \
        if (symbol == NULL) {                                                                                              \
            dlclose(library);                                                                                              \
            return err_set(err, ERR_IO, "libyaml has no %s", #name);                                                       \
        }                                                                                                                  \
        memcpy(&f->name, &symbol, sizeof(symbol));                                                                         \
    }
    FUNCTIONS(LOAD)
#undef LOAD
    *ret_library = library;
    return 0;
}

static struct yaml_place place_of(yaml_mark_t mark) {
    return (struct yaml_place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static void fault_at(struct reader *r, struct yaml_place at, const char *what) {
    r->n_faults++;
    r->fault(r->ctx, at, what);
}

/* ---- characters --------------------------------------------------------------------------------------------------- */

static struct yaml_place place_at(struct bytes text, size_t offset) {
    struct yaml_place at = {1, 1};
    for (size_t i = 0; i < offset; i++) {
        if (text.p[i] == '\n') {
            at.line++;
            at.column = 1;
        } else if ((text.p[i] & 0xc0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

/* YAML 1.1 takes these for line ends and YAML 1.2 does not: NEL, line separator, paragraph separator. */
static bool is_line_end(const uint8_t *p, size_t n) {
    return (n >= 2 && p[0] == 0xc2 && p[1] == 0x85) ||
           (n >= 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9));
}

static bool check_characters(struct reader *r, struct bytes text) {
    size_t valid = text_utf8_valid(text.p, text.n);
    char what[64];
    if (text.n > YAML_TEXT_MAX) {
        fault_at(r, (struct yaml_place){0}, "is larger than 1 MiB");
        return false;
    }
    if (valid < text.n) {
        fault_at(r, place_at(text, valid), "is not valid UTF-8");
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f) {
            snprintf(what, sizeof(what), "the control character 0x%02x", c);
            fault_at(r, place_at(text, i), what);
            return false;
        }
        if (is_line_end(text.p + i, text.n - i)) {
            fault_at(r, place_at(text, i), "a line end other than LF or CR LF");
            return false;
        }
    }
    return true;
}

/* ---- plain scalars, YAML 1.2 core schema ------------------------------------------------------------------------------ */

static bool one_of(struct bytes text, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (bytes_is(text, words[i])) return true;
    }
    return false;
}

static size_t digits_at(const char *s, const char *set) {
    return strspn(s, set);
}

/* [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+; *ret_base is 0 when it is none of them. */
static const char *integer_form(const char *s, int *ret_base) {
    static const char decimal[] = "0123456789";
    const char *digits = s[0] == '-' || s[0] == '+' ? s + 1 : s;
    *ret_base = 0;
    if (s[0] == '0' && (s[1] == 'o' || s[1] == 'x')) {
        size_t n = digits_at(s + 2, s[1] == 'o' ? "01234567" : "0123456789abcdefABCDEF");
        *ret_base = n > 0 && s[2 + n] == '\0' ? (s[1] == 'o' ? 8 : 16) : 0;
        return s + 2;
    }
    size_t n = digits_at(digits, decimal);
    *ret_base = n > 0 && digits[n] == '\0' ? 10 : 0;
    return s;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool float_form(const char *s) {
    static const char decimal[] = "0123456789";
    s += s[0] == '-' || s[0] == '+';
    size_t whole = digits_at(s, decimal), part = 0;
    s += whole;
    if (*s == '.') {
        part = digits_at(s + 1, decimal);
        s += 1 + part;
    }
    if (whole + part == 0) return false;
    if (*s == 'e' || *s == 'E') {
        s += 1 + (s[1] == '-' || s[1] == '+');
        size_t n = digits_at(s, decimal);
        if (n == 0) return false;
        s += n;
    }
    return *s == '\0';
}

static void resolve(struct yaml_node *node) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const trues[] = {"true", "True", "TRUE"}, *const falses[] = {"false", "False", "FALSE"};
    const char *s = (const char *)node->text.p;
    int base;
    if (one_of(node->text, nulls, 5)) {
        node->type = YAML_NULL;
    } else if (one_of(node->text, trues, 3) || one_of(node->text, falses, 3)) {
        node->type = YAML_BOOL;
        node->boolean = one_of(node->text, trues, 3);
    } else if (node->text.n <= NUMBER_MAX) {
        const char *digits = integer_form(s, &base);
        errno = 0;
        node->integer = base != 0 ? strtoll(digits, NULL, base) : 0;
        if (base != 0 && errno == 0) {
            node->type = YAML_INT;
            node->real = (double)node->integer;
        } else if (base != 0 || float_form(s)) {
            node->type = YAML_FLOAT;
            node->integer = 0;
            node->real = strtod(s, NULL);
        }
    }
}

/* ---- the tree ----------------------------------------------------------------------------------------------------- */

static bool is_twice(const struct level *level, struct bytes key, struct yaml_place *ret_first) {
    for (const struct yaml_node *n = level->node->first; n != NULL; n = n->next) {
        if (bytes_eq(n->key, key)) {
            *ret_first = n->key_at;
            return true;
        }
    }
    return false;
}

static void put_key(struct reader *r, struct level *level, const struct yaml_node *node) {
    struct yaml_place first;
    char what[256];
    if (level->node->n == YAML_KEYS_MAX) { /* each is compared with those before it */
        fault_at(r, node->at, "more than 1024 keys in one map");
        r->ended = true;
        return;
    }
    level->has_key = true;
    level->key = node->text;
    level->key_at = node->at;
    if (node->type == YAML_LIST || node->type == YAML_MAP || (node->type == YAML_NULL && node->plain)) {
        fault_at(r, node->at, "a key is not text");
        level->key = bytes_of("");
    } else if (is_twice(level, node->text, &first)) {
        snprintf(what, sizeof(what), "duplicate key '%.100s' (first on line %u)", (const char *)node->text.p, first.line);
        fault_at(r, node->at, what);
    }
}

/* Hangs the node below the open map or list; in a map, every other node is a key. */
static void put_node(struct reader *r, struct yaml_node *node) {
    struct level *level = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;
    if (level == NULL) {
        r->yaml->root = node;
    } else if (level->node->type == YAML_MAP && !level->has_key) {
        put_key(r, level, node);
    } else {
        node->key = level->key;
        node->key_at = level->key_at;
        level->has_key = false;
        *(level->last != NULL ? &level->last->next : &level->node->first) = node;
        level->last = node;
        level->node->n++;
    }
}

static int new_node(struct reader *r, const yaml_event_t *event, struct yaml_node **ret, struct err *err) {
    struct yaml_node *node = arena_take(&r->yaml->arena, sizeof(*node));
    if (node == NULL) return err_set(err, ERR_NOMEM, "YAML: out of memory");
    node->at = place_of(event->start_mark);
    if (++r->n_nodes > YAML_NODES_MAX) {
        fault_at(r, node->at, "more than 65536 values");
        r->ended = true;
    }
    *ret = node;
    return 0;
}

/* Anchors and tags are refused by name; the node itself is read, so that other faults are found too. */
static void check_marks(struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor, const yaml_char_t *tag) {
    char what[160];
    if (anchor != NULL) {
        snprintf(what, sizeof(what), "the anchor '&%.64s': anchors and aliases are not accepted", (const char *)anchor);
        fault_at(r, place_of(event->start_mark), what);
    }
    if (tag != NULL) {
        snprintf(what, sizeof(what), "the tag '%.64s': tags are not accepted", (const char *)tag);
        fault_at(r, place_of(event->start_mark), what);
    }
}

static int scalar(struct reader *r, const yaml_event_t *event, struct err *err) {
    struct yaml_node *node = NULL;
    int rc = new_node(r, event, &node, err);
    if (rc != 0) return rc;
    node->text = arena_copy(&r->yaml->arena, (struct bytes){event->data.scalar.value, event->data.scalar.length});
    if (node->text.p == NULL) return err_set(err, ERR_NOMEM, "YAML: out of memory");
    node->type = YAML_TEXT;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    check_marks(r, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (memchr(node->text.p, '\0', node->text.n) != NULL) {
        fault_at(r, node->at, "an escaped NUL in a text");
    }
    if (node->plain) {
        resolve(node);
    }
    put_node(r, node);
    return 0;
}

static int begin(struct reader *r, const yaml_event_t *event, enum yaml_type type, struct err *err) {
    struct yaml_node *node = NULL;
    int rc = new_node(r, event, &node, err);
    if (rc != 0) return rc;
    node->type = type;
    if (type == YAML_MAP) {
        check_marks(r, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    } else {
        check_marks(r, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    }
    if (r->depth == YAML_DEPTH_MAX) {
        fault_at(r, node->at, "nested deeper than 32 levels");
        r->ended = true;
        return 0;
    }
    put_node(r, node);
    r->levels[r->depth++] = (struct level){.node = node};
    return 0;
}

static int alias(struct reader *r, const yaml_event_t *event, struct err *err) {
    struct yaml_node *node = NULL;
    char what[160];
    int rc = new_node(r, event, &node, err);
    if (rc != 0) return rc;
    snprintf(what, sizeof(what), "the alias '*%.64s': anchors and aliases are not accepted",
             (const char *)event->data.alias.anchor);
    fault_at(r, node->at, what);
    node->type = YAML_TEXT;
    node->text = bytes_of("");
    put_node(r, node);
    return 0;
}

static void begin_document(struct reader *r, const yaml_event_t *event) {
    if (event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end) {
        fault_at(r, place_of(event->start_mark), "a %TAG directive: tags are not accepted");
    }
    if (++r->n_documents > 1) {
        fault_at(r, place_of(event->start_mark), "a second document; one is accepted");
        r->ended = true;
    }
}

static int take(struct reader *r, const yaml_event_t *event, struct err *err) {
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        begin_document(r, event);
        return 0;
    case YAML_SCALAR_EVENT:
        return scalar(r, event, err);
    case YAML_ALIAS_EVENT:
        return alias(r, event, err);
    case YAML_MAPPING_START_EVENT:
        return begin(r, event, YAML_MAP, err);
    case YAML_SEQUENCE_START_EVENT:
        return begin(r, event, YAML_LIST, err);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        return 0;
    case YAML_STREAM_END_EVENT:
        r->ended = true;
        return 0;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return 0;
    }
    return 0;
}

static int parser_fault(struct reader *r, const yaml_parser_t *parser, struct err *err) {
    char what[256];
    if (parser->error == YAML_MEMORY_ERROR) return err_set(err, ERR_NOMEM, "YAML: out of memory");
    const char *problem = parser->problem != NULL ? parser->problem : "cannot be read";
    snprintf(what, sizeof(what), "not YAML: %s%s%s", parser->context != NULL ? parser->context : "",
             parser->context != NULL ? ", " : "", problem);
    fault_at(r, place_of(parser->problem_mark), what);
    r->ended = true;
    return 0;
}

static int read_events(struct reader *r, struct bytes text, struct err *err) {
    yaml_parser_t parser;
    int rc = 0;
    if (r->f->yaml_parser_initialize(&parser) == 0) return err_set(err, ERR_NOMEM, "YAML: out of memory");
    r->f->yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    r->f->yaml_parser_set_input_string(&parser, text.n > 0 ? text.p : (const uint8_t *)"", text.n);
    while (rc == 0 && !r->ended) {
        yaml_event_t event;
        if (r->f->yaml_parser_parse(&parser, &event) == 0) {
            rc = parser_fault(r, &parser, err);
        } else {
            rc = take(r, &event, err);
            r->f->yaml_event_delete(&event);
        }
    }
    r->f->yaml_parser_delete(&parser);
    if (rc == 0 && r->n_faults == 0 && r->yaml->root == NULL) {
        fault_at(r, (struct yaml_place){1, 1}, "is empty");
    }
    return rc;
}

int yaml_read(struct bytes text, yaml_fault_fn *fault, void *ctx, struct yaml **ret, struct err *err) {
    struct functions f;
    void *library = NULL;
    struct locale_c locale;
    struct yaml *yaml = calloc(1, sizeof(*yaml));
    struct reader *r = calloc(1, sizeof(*r));
    int rc = yaml != NULL && r != NULL ? 0 : err_set(err, ERR_NOMEM, "YAML: out of memory");
    if (bytes_has_prefix(text, "\xef\xbb\xbf")) { /* a mark of the encoding, which editors put there */
        text = (struct bytes){text.p + 3, text.n - 3};
    }
    if (rc == 0) rc = load(&f, &library, err);
    if (rc == 0) rc = locale_c_begin(&locale, err);
    if (rc == 0) {
        yaml->arena.max = ARENA_MAX;
        *r = (struct reader){.f = &f, .yaml = yaml, .fault = fault, .ctx = ctx};
        if (check_characters(r, text)) {
            rc = read_events(r, text, err);
        }
        locale_c_end(&locale);
        if (rc == 0 && r->n_faults > 0) {
            rc = err_set(err, ERR_INVALID, "%zu fault%s in the text", r->n_faults, text_s(r->n_faults));
        }
    }
    if (library != NULL) {
        dlclose(library);
    }
    free(r);
    if (rc != 0) {
        yaml_free(yaml);
        return rc;
    }
    *ret = yaml;
    return 0;
}

const struct yaml_node *yaml_root(const struct yaml *yaml) {
    return yaml->root;
}

void yaml_free(struct yaml *yaml) {
    if (yaml == NULL) return;
    arena_done(&yaml->arena);
    free(yaml);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key) {
    const struct yaml_node *n = map != NULL && map->type == YAML_MAP ? map->first : NULL;
    while (n != NULL && !bytes_is(n->key, key)) {
        n = n->next;
    }
    return n;
}

const char *yaml_type_name(enum yaml_type type) {
    static const char *const names[] = {
        [YAML_NULL] = "null", [YAML_BOOL] = "a boolean", [YAML_INT] = "a number", [YAML_FLOAT] = "a number",
        [YAML_TEXT] = "text", [YAML_LIST] = "a list",    [YAML_MAP] = "a map",
    };
    return names[type];
}
