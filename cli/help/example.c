/* Values come from the row's list of values; else from the first item of a list in its help ("ollama, llama.cpp, vllm, ...");
 * else, for names that mean the same in all kinds, from the table below; else from the type. The subject is its first form,
 * with names filled in; a field named like the subject's first part has the same name as its value. */
#include "cli/help/example.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/kinds/grant.h"
#include "ledger/kinds/subject.h"

#define DIGEST    "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define VALUE_MAX 160

static const struct {
    const char *name, *value;
} texts[] = {
    {"agent", "claude-code"},
    {"alias", "champion"},
    {"allowed", "command=make *"},
    {"arch", "amd64"},
    {"arguments", "command=rm *"},
    {"call", "call-1"},
    {"denied", "command=rm -rf *"},
    {"endpoint", "http://127.0.0.1:11434"},
    {"host", "local"},
    {"id", "1"},
    {"metric", "accuracy"},
    {"model", "qwen2.5:7b"},
    {"name", "example"},
    {"pack", "pdf-ops"},
    {"package", "torch"},
    {"roots", "inbox/**"},
    {"route", "summarise"},
    {"runtime", "ollama"},
    {"scope", "inbox/**"},
    {"server", "files"},
    {"session", "session-1"},
    {"suite", "pdf-suite"},
    {"task", "extract"},
    {"tool", "Bash"},
    {"vkey", "example+eb022512+AWJ7zpVVANfNUmpGdBKMwGyIO3wazrCU2MIBQG4DOsD8"},
};

static const char *text_of(const char *name) {
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].name, name) == 0) return texts[i].value;
    }
    return NULL;
}

/* The first of the short words in a list "a, b, c" or "a, b, ...". */
static bool listed(const char *help, char ret[VALUE_MAX]) {
    size_t words = 0, first = 0;
    for (const char *p = help;; words++) {
        size_t n = strcspn(p, ",");
        if (n == 0 || n > 24 || (memchr(p, ' ', n) != NULL && strncmp(p, "or ", 3) != 0)) {
            return false;
        }
        first = words == 0 ? n : first;
        if (p[n] == '\0') break;
        p += n + strspn(p + n, ", ");
    }
    snprintf(ret, VALUE_MAX, "%.*s", (int)first, help);
    return words > 0;
}

/* ---- the subject -------------------------------------------------------------------------------------------------- */

static void put_part(struct buf *out, const char *head, const char *part, size_t n) {
    char name[32];
    snprintf(name, sizeof(name), "%.*s", (int)n, part);
    const char *known = strcmp(name, "name") == 0 || strcmp(name, "id") == 0 ? text_of(head) : NULL;
    buf_put_str(out, known != NULL                  ? known
                     : strcmp(name, "digest") == 0  ? DIGEST
                     : strcmp(name, "manager") == 0 ? "pip"
                     : strcmp(name, "seq") == 0     ? "1"
                     : strcmp(head, "package") == 0 ? text_of("package")
                     : strcmp(name, "id") == 0      ? "1"
                                                    : "example");
}

static void subject_of(const struct kind *kind, char ret[VALUE_MAX]) {
    char head[32];
    struct buf out = {.max = VALUE_MAX - 1};
    const char *p = kind->subject;
    snprintf(head, sizeof(head), "%.*s", (int)strcspn(p, "/"), p);
    while (*p != '\0' && *p != ',' && *p != ' ') {
        const char *end = *p == '<' ? strchr(p, '>') : NULL;
        if (end != NULL) {
            put_part(&out, head, p + 1, (size_t)(end - p - 1));
            p = end + 1;
        } else {
            buf_put_u8(&out, (uint8_t)*p++);
        }
    }
    snprintf(ret, VALUE_MAX, "%.*s", (int)out.n, (const char *)out.p);
    buf_done(&out);
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static void text_value(const struct kind *kind, const struct kind_field *f, char ret[VALUE_MAX]) {
    char subject[VALUE_MAX];
    const char *known = text_of(f->name);
    struct bytes part;
    subject_of(kind, subject);
    if (f->values != NULL) {
        snprintf(ret, VALUE_MAX, "%.*s", (int)strcspn(f->values, "|"), f->values);
    } else if (kind_restated(kind_index_find(bytes_of(kind->name)), bytes_of(subject), bytes_of(f->name), &part)) {
        snprintf(ret, VALUE_MAX, "%.*s", (int)part.n, (const char *)part.p);
    } else if (strstr(f->name, "version") != NULL) {
        snprintf(ret, VALUE_MAX, strstr(f->name, "before") != NULL ? "1.0" : "1.1");
    } else if (known != NULL) {
        snprintf(ret, VALUE_MAX, "%s", known);
    } else if (!listed(f->help, ret)) {
        snprintf(ret, VALUE_MAX, "some-%s", f->name);
    }
}

static void put_value(struct buf *out, const struct kind *kind, const struct kind_field *f);

static int by_name(const struct kind_field *a, const struct kind_field *b) {
    return strcmp(a->name, b->name);
}

/* Names of a canonical map are in order: the smallest name larger than the previous one. */
static const struct kind_field *next_field(const struct kind_field *fields, size_t n, const struct kind_field *before) {
    const struct kind_field *next = NULL;
    for (size_t i = 0; i < n; i++) {
        if ((before == NULL || by_name(&fields[i], before) > 0) && (next == NULL || by_name(&fields[i], next) < 0)) {
            next = &fields[i];
        }
    }
    return next;
}

static void put_members(struct buf *out, const struct kind *kind, const struct kind_field *list) {
    const struct kind_field *f = NULL;
    mp_put_map(out, (uint32_t)list->n_members);
    while ((f = next_field(list->members, list->n_members, f)) != NULL) {
        mp_put_str(out, bytes_of(f->name));
        put_value(out, kind, f);
    }
}

static void put_value(struct buf *out, const struct kind *kind, const struct kind_field *f) {
    char text[VALUE_MAX];
    switch (f->type) {
    case KIND_INT:
        mp_put_uint(out, 1);
        return;
    case KIND_NUM:
        mp_put_float(out, 0.5);
        return;
    case KIND_BOOL:
        mp_put_bool(out, true);
        return;
    case KIND_TIME:
        mp_put_str(out, bytes_of("2026-11-21T08:30:00Z"));
        return;
    case KIND_DIGEST:
        mp_put_str(out, bytes_of(DIGEST));
        return;
    case KIND_STRS:
        mp_put_array(out, 1);
        mp_put_str(out, bytes_of(text_of(f->name) != NULL ? text_of(f->name) : "example"));
        return;
    case KIND_LIST:
        mp_put_array(out, 1);
        if (f->n_members > 0) {
            put_members(out, kind, f);
        } else {
            mp_put_uint(out, 1);
        }
        return;
    case KIND_MAP:
        mp_put_map(out, 1);
        mp_pair_uint(out, "example", 1);
        return;
    default:
        text_value(kind, f, text);
        mp_put_str(out, bytes_of(text));
    }
}

/* Required fields, indexed fields, and lists that are judged; not what `append` refuses. */
static bool is_usual(const struct kind *kind, const struct kind_field *f) {
    return ((f->flags & (KIND_REQUIRED | KIND_INDEXED)) != 0 || f->n_members > 0) &&
           !grant_is_idle(bytes_of(kind->name), bytes_of(f->name));
}

bool example_has(const struct kind *kind) {
    struct bytes name = bytes_of(kind->name);
    return !bytes_has_prefix(name, "ledger.") || bytes_is(name, "ledger.imported") || bytes_is(name, "ledger.gap");
}

/* ---- as a line and as a command ----------------------------------------------------------------------------------- */

static int put_json(struct buf *out, struct buf *mp, struct err *err) {
    int rc = buf_check(mp, "the example", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(mp), JSON_LINE, out, err);
    buf_clear(mp);
    return rc;
}

int example_line(const struct kind *kind, struct buf *out, struct err *err) {
    char subject[VALUE_MAX];
    struct buf mp = {.max = 65536};
    bool first = true;
    int rc = 0;
    subject_of(kind, subject);
    buf_printf(out, "{\"kind\":\"%s\",\"subject\":\"%s\",\"body\":{", kind->name, subject);
    for (size_t i = 0; i < kind->n_fields && rc == 0; i++) {
        const struct kind_field *f = &kind->fields[i];
        if (is_usual(kind, f)) {
            buf_printf(out, "%s\"%s\":", first ? "" : ",", f->name);
            put_value(&mp, kind, f);
            rc = put_json(out, &mp, err);
            first = false;
        }
    }
    buf_put_str(out, "}}");
    buf_done(&mp);
    if (rc == 0) rc = buf_check(out, "the example", err);
    return rc;
}

static bool is_alnum(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* One word for a shell. */
static void put_word(struct buf *out, struct bytes word) {
    bool plain = word.n > 0;
    for (size_t i = 0; i < word.n; i++) {
        plain = plain && (strchr("._/:@%+,=-", word.p[i]) != NULL || is_alnum(word.p[i])) && word.p[i] != '\0';
    }
    buf_put_str(out, plain ? "" : "'");
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] == '\'') {
            buf_put_str(out, "'\\'");
        }
        buf_put_u8(out, word.p[i]);
    }
    buf_put_str(out, plain ? "" : "'");
}

static int put_field(struct buf *out, const struct kind *kind, const struct kind_field *f, struct err *err) {
    struct buf mp = {.max = 65536}, word = {.max = 65536};
    struct mp_item item;
    int rc = 0;
    put_value(&mp, kind, f);
    bool text = f->type != KIND_ANY && mp_scalar(bytes_of_buf(&mp), &item) == 0 && item.type == MP_STR;
    buf_printf(&word, "%s%s", f->name,
               text || f->type == KIND_INT || f->type == KIND_NUM || f->type == KIND_BOOL ? "=" : ":=");
    if (text) {
        buf_put_bytes(&word, item.data);
    } else {
        rc = put_json(&word, &mp, err);
    }
    buf_put_u8(out, ' ');
    put_word(out, bytes_of_buf(&word));
    buf_done(&word);
    buf_done(&mp);
    return rc;
}

int example_command(const struct kind *kind, struct buf *out, struct err *err) {
    char subject[VALUE_MAX];
    int rc = 0;
    subject_of(kind, subject);
    buf_printf(out, "ledger append %s -s ", kind->name);
    put_word(out, bytes_of(subject));
    for (size_t i = 0; i < kind->n_fields && rc == 0; i++) {
        rc = is_usual(kind, &kind->fields[i]) ? put_field(out, kind, &kind->fields[i], err) : 0;
    }
    if (rc == 0) rc = buf_check(out, "the example", err);
    return rc;
}
