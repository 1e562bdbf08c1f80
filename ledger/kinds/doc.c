/* The catalog as a page for people: docs/kinds.md is exactly this text, so that it always says what the program does. */
#include "ledger/kinds/kind.h"

#include <string.h>

#define KIND(...)
#define FAMILY(name, help) {name, help},

static const struct {
    const char *name, *help;
} families[] = {
#include "ledger/kinds/kinds.def"
};

static const char intro[] =
    "# Kinds of events\n"
    "\n"
    "The catalog of what is recorded, generated from `ledger/kinds/kinds.def` by `ledger kinds --markdown`.\n"
    "\n"
    "Each kind has a subject (what the event is about) and fields. A field is\n"
    "\n"
    "- **open**: part of the body, which travels with every export that discloses the event;\n"
    "- **indexed**: open, and fast to search by;\n"
    "- **private**: kept apart under a commitment of its own, so that it can be withheld or erased by itself.\n"
    "\n"
    "A field that its kind does not define is kept as a private one, unless its name is nearly that of a defined field: "
    "then\n"
    "it is refused as a slip (`--force-private` of `append` and `\"force_private\": true` of a JSON line accept it). A "
    "subject\n"
    "that does not have its kind's form is refused, and so are maps in lists with members that the kind does not define.\n"
    "`permission.granted`, `permission.denied` and `permission.decided` accept no other undefined names either, because "
    "such\n"
    "a field could only be meant as a limit. An open field whose value contains a path below a home directory becomes "
    "private\n"
    "in that event, unless the field **decides**: states are judged by it, so it stays open and is refused as a private\n"
    "field. A field that decides **exactly** is refused if it contains a secret. In every field, secrets in text are "
    "masked\n"
    "before anything is written, and a field whose name marks it as a secret (`password`, `api_key`) is masked whole. "
    "Sixteen\n"
    "lower-case hex digits in a field that holds an **id** are an id, even if they look like a card number. Null means\n"
    "\"unknown\": it is neither absent nor 0, and a required field may not be null.\n"
    "\n"
    "Every kind may have `at` (time, open: when it happened, according to the source) and `at_text` (text, open: the "
    "source's\n"
    "time as written, if it could not be read exactly).\n"
    "\n"
    "Kinds outside the catalog are named `x.<vendor>.<name>`, three or more parts of a-z, 0-9 and `_`. Their fields are\n"
    "private, except those that the event itself declares open.\n"
    "\n"
    "| Type | Accepted |\n"
    "|---|---|\n"
    "| text | text |\n"
    "| integer | an integer from 0 to 2^63-1; a *signed* one from -2^63 on |\n"
    "| number | an integer or a float, not negative unless it is *signed* |\n"
    "| boolean | true or false |\n"
    "| time | nanoseconds since 1970, as an integer or as decimal text, or RFC 3339 text with a zone |\n"
    "| digest | `sha256:` and 64 lower-case hex digits |\n"
    "| texts | an array of text |\n"
    "| list | an array |\n"
    "| map | a map |\n"
    "| anything | anything |\n";

/* A table cell; a '|' in the text would end it. */
static void put_cell(struct buf *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '|' || *text == '<') {
            buf_put_u8(out, '\\');
        }
        buf_put_u8(out, (uint8_t)*text);
    }
}

static void put_values(struct buf *out, const char *values) {
    for (const char *p = values, *end; *p != '\0'; p = *end == '\0' ? end : end + 1) {
        end = strchrnul(p, '|');
        buf_put_str(out, p == values ? ": `" : ", `");
        buf_put(out, p, (size_t)(end - p));
        buf_put_u8(out, '`');
    }
}

/* A member of the maps in a list. */
static void put_member(struct buf *out, const struct kind_field *m, bool first) {
    buf_printf(out, "%s`%s` (%s%s%s", first ? ": " : "; ", m->name, kind_type_name(m->type),
               m->flags & KIND_REQUIRED ? ", required" : "", m->flags & KIND_SIGNED ? ", signed" : "");
    if (m->values != NULL) {
        put_values(out, m->values);
    }
    buf_put_str(out, ") ");
    put_cell(out, m->help);
}

static void put_field(struct buf *out, const struct kind_field *f) {
    const char *kept = f->flags & KIND_INDEXED ? "indexed" : f->flags & KIND_OPEN ? "open" : "private";
    buf_printf(out, "| `%s` | %s | %s%s%s%s | ", f->name, kind_type_name(f->type), kept,
               f->flags & KIND_REQUIRED ? ", required" : "",
               f->flags & KIND_EXACT     ? ", decides exactly"
               : f->flags & KIND_DECIDES ? ", decides"
                                         : "",
               f->flags & KIND_ID       ? ", id"
               : f->flags & KIND_SIGNED ? ", signed"
                                        : "");
    put_cell(out, f->help);
    if (f->values != NULL) {
        put_values(out, f->values);
    }
    for (size_t i = 0; i < f->n_members; i++) {
        put_member(out, &f->members[i], i == 0);
    }
    buf_put_str(out, " |\n");
}

static void put_kind(struct buf *out, const struct kind *k) {
    buf_printf(out,
               "\n### %s\n\n%s\n\nSubject `%s`, schema %u.\n\n| Field | Type | Kept | What it says |\n|---|---|---|---|\n",
               k->name, k->help, k->subject, k->schema);
    for (size_t i = 0; i < k->n_fields; i++) {
        put_field(out, &k->fields[i]);
    }
}

static bool is_of(const struct kind *k, const char *family) {
    size_t n = strlen(family);
    return strncmp(k->name, family, n) == 0 && k->name[n] == '.';
}

int kind_doc(struct buf *out) {
    buf_put_str(out, intro);
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        buf_printf(out, "\n## %s\n\n%s\n", families[i].name, families[i].help);
        for (size_t j = 0; j < kind_count(); j++) {
            if (is_of(kind_at(j), families[i].name)) {
                put_kind(out, kind_at(j));
            }
        }
    }
    return out->fail;
}
