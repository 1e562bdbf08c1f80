/* A subject is split into the parts of the form that it matches; the last part takes the rest. */
#include "ledger/kinds/form.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "ledger/kinds/check.h"

/* Splits each form into its prefix, up to the first '<', and the number of parts that follow. */
size_t kind_forms_read(const char *subject, struct kind_form ret[KIND_FORMS_MAX]) {
    const char *p = subject;
    size_t n = 0;
    while (*p != '\0') {
        const char *comma = strstr(p, ", "), * or = strstr(p, " or ");
        const char *end = comma != NULL ? comma : or != NULL ? or : p + strlen(p);
        const char *open = memchr(p, '<', (size_t)(end - p));
        assert(open != NULL && n < KIND_FORMS_MAX);
        struct kind_form *form = &ret[n++];
        *form = (struct kind_form){.prefix = {(const uint8_t *)p, (size_t)(open - p)},
                                   .text = {(const uint8_t *)p, (size_t)(end - p)}};
        for (const char *c = open; c < end; c++) {
            form->parts += *c == '<';
        }
        form->last = strncmp(open, "<digest>", 8) == 0 ? KIND_PART_DIGEST
                     : strncmp(open, "<seq>", 5) == 0  ? KIND_PART_SEQ
                                                       : KIND_PART_NAME;
        p = comma != NULL ? comma + 2 : or != NULL ? or +4 : end;
    }
    return n;
}

bool kind_form_has(const struct kind_form *form, struct bytes subject) {
    if (subject.n <= form->prefix.n || memcmp(subject.p, form->prefix.p, form->prefix.n) != 0) {
        return false;
    }
    struct bytes rest = {subject.p + form->prefix.n, subject.n - form->prefix.n};
    for (unsigned i = 1; i < form->parts; i++) {
        const uint8_t *slash = memchr(rest.p, '/', rest.n);
        if (slash == NULL || slash == rest.p || slash + 1 == rest.p + rest.n) return false;
        rest.n -= (size_t)(slash + 1 - rest.p);
        rest.p = slash + 1;
    }
    uint64_t seq;
    return form->last == KIND_PART_NAME  ? true
           : form->last == KIND_PART_SEQ ? text_parse_u64(rest, &seq) == 0
                                         : kind_is_digest(rest);
}

struct bytes kind_family(struct bytes subject) {
    const uint8_t *slash = subject.n > 0 ? memchr(subject.p, '/', subject.n) : NULL;
    return (struct bytes){subject.p, slash != NULL ? (size_t)(slash - subject.p) : 0};
}

static bool is_model(struct bytes family) {
    return bytes_is(family, "model");
}

/* The name of the field that repeats the part of this placeholder: for "<name>" of "pack/<name>" it is "pack". */
static struct bytes field_of(const struct kind_form *form, struct bytes placeholder) {
    bool named = bytes_is(placeholder, "name") || bytes_is(placeholder, "id");
    return named ? kind_family(form->text) : placeholder;
}

/* The next placeholder of a form; false at the end. */
static bool next_placeholder(struct bytes *left, struct bytes *ret) {
    const uint8_t *open = left->n > 0 ? memchr(left->p, '<', left->n) : NULL, *end = left->p + left->n;
    const uint8_t *close = open != NULL ? memchr(open, '>', (size_t)(end - open)) : NULL;
    if (close == NULL) return false;
    *ret = (struct bytes){open + 1, (size_t)(close - open - 1)};
    *left = (struct bytes){close + 1, (size_t)(end - close - 1)};
    return true;
}

bool kind_form_restates(const struct kind_form *form, const struct kind_field *field) {
    struct bytes left = form->text, placeholder;
    if ((field->type != KIND_STR && field->type != KIND_DIGEST) || (field->flags & KIND_APART) != 0) {
        return false;
    }
    if (is_model(kind_family(left)) && strcmp(field->name, "digest") == 0) {
        return true; /* a model may be named by its digest */
    }
    while (next_placeholder(&left, &placeholder)) {
        if (bytes_is(field_of(form, placeholder), field->name)) return true;
    }
    return false;
}

bool kind_form_part(const struct kind_form *form, struct bytes subject, struct bytes field, struct bytes *ret) {
    struct bytes left = form->text, rest = {subject.p + form->prefix.n, subject.n - form->prefix.n}, placeholder;
    bool digest = is_model(kind_family(form->text)) && kind_is_digest(rest);
    if (digest) {
        *ret = rest;
        return bytes_is(field, "digest");
    }
    for (unsigned i = 1; next_placeholder(&left, &placeholder); i++) {
        const uint8_t *slash = i < form->parts && rest.n > 0 ? memchr(rest.p, '/', rest.n) : NULL;
        size_t n = slash != NULL ? (size_t)(slash - rest.p) : rest.n;
        if (bytes_eq(field_of(form, placeholder), field)) {
            *ret = (struct bytes){rest.p, n};
            return true;
        }
        n += slash != NULL;
        rest = (struct bytes){rest.p + n, rest.n - n};
    }
    return false;
}
