/* The parts of a subject are those of the form that it has; the last one takes the rest. */
#include "ledger/kind_subject.h"

#include <string.h>

#include "base/secret.h"
#include "ledger/kind_check.h"

#define HASH_DIGITS_MIN 16

static struct bytes family_of(struct bytes subject) {
    const uint8_t *slash = subject.n > 0 ? memchr(subject.p, '/', subject.n) : NULL;
    return (struct bytes){subject.p, slash != NULL ? (size_t)(slash - subject.p) : 0};
}

static bool is_model(struct bytes family) {
    return bytes_is(family, "model");
}

/* The field that says the part of this placeholder again: "<name>" of "pack/<name>" is "pack". */
static struct bytes field_of(const struct kind_form *form, struct bytes placeholder) {
    bool named = bytes_is(placeholder, "name") || bytes_is(placeholder, "id");
    return named ? family_of(form->text) : placeholder;
}

/* The next placeholder of a form; false: there is none. */
static bool next_placeholder(struct bytes *left, struct bytes *ret) {
    const uint8_t *open = left->n > 0 ? memchr(left->p, '<', left->n) : NULL, *end = left->p + left->n;
    const uint8_t *close = open != NULL ? memchr(open, '>', (size_t)(end - open)) : NULL;
    if (close == NULL) {
        return false;
    }
    *ret = (struct bytes){open + 1, (size_t)(close - open - 1)};
    *left = (struct bytes){close + 1, (size_t)(end - close - 1)};
    return true;
}

bool kind_restates(const struct kind_index *index, const struct kind_field *field) {
    bool text = field->type == KIND_STR || field->type == KIND_DIGEST;
    for (size_t i = 0; i < index->n_forms && text && (field->flags & KIND_APART) == 0; i++) {
        struct bytes left = index->forms[i].text, placeholder;
        if (is_model(family_of(left)) && strcmp(field->name, "digest") == 0) {
            return true; /* a model may be named by its digest */
        }
        while (next_placeholder(&left, &placeholder)) {
            if (bytes_is(field_of(&index->forms[i], placeholder), field->name)) {
                return true;
            }
        }
    }
    return false;
}

static bool part_of(const struct kind_form *form, struct bytes subject, struct bytes field, struct bytes *ret) {
    struct bytes left = form->text, rest = {subject.p + form->prefix.n, subject.n - form->prefix.n}, placeholder;
    bool digest = is_model(family_of(form->text)) && kind_is_digest(rest);
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

static bool is_other_word(const struct kind_index *index, struct bytes family, struct bytes field) {
    return bytes_has_prefix(index->name, "permission.") &&
           (bytes_eq(field, family) || bytes_is(field, "holder") || bytes_is(field, "who") || bytes_is(field, "subject"));
}

bool kind_restated(const struct kind_index *index, struct bytes subject, struct bytes field, struct bytes *ret_part) {
    for (size_t i = 0; i < index->n_forms; i++) {
        const struct kind_form *form = &index->forms[i];
        if (subject.n > form->prefix.n && memcmp(subject.p, form->prefix.p, form->prefix.n) == 0) {
            struct bytes family = family_of(subject);
            if (part_of(form, subject, field, ret_part)) {
                return true;
            }
            *ret_part = (struct bytes){subject.p + family.n + 1, subject.n - family.n - 1};
            return is_other_word(index, family, field);
        }
    }
    return false;
}

/* Sources write so where a name holds a secret, for a header cannot be masked; or where they heard none. */
static bool is_hidden(struct bytes family, struct bytes part) {
    size_t n = 0;
    if (!bytes_is(family, "tool") && !bytes_is(family, "agent") && !bytes_is(family, "server") &&
        !bytes_is(family, "service")) {
        return false;
    }
    if (bytes_is(part, "unnamed") || bytes_is(part, "unknown")) {
        return true;
    }
    if (!bytes_has_prefix(part, "hash-")) {
        return false;
    }
    for (size_t i = 5; i < part.n; i++) {
        n += (part.p[i] >= '0' && part.p[i] <= '9') || (part.p[i] >= 'a' && part.p[i] <= 'f');
    }
    return n == part.n - 5 && n >= HASH_DIGITS_MIN;
}

bool kind_names_same(struct bytes family, struct bytes part, struct bytes text) {
    char mark = bytes_is(family, "runtime") ? '@' : bytes_is(family, "package") ? ':' : '\0';
    bool goes_on = mark != '\0' && part.n > text.n && part.p[text.n] == (uint8_t)mark;
    return bytes_eq(part, text) || is_hidden(family, part) ||
           (goes_on && text.n > 0 && memcmp(part.p, text.p, text.n) == 0);
}

int kind_agree(const struct kind_index *index, struct bytes subject, struct bytes field, const struct mp_reader *value,
               struct err *err) {
    struct mp_reader r = *value;
    struct mp_item item;
    struct bytes part;
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_STR || item.data.n == 0 ||
        !kind_restated(index, subject, field, &part) || kind_names_same(family_of(subject), part, item.data) ||
        (bytes_eq(item.data, subject) && kind_field_find(index->kind, field) == NULL)) {
        return 0;
    }
    return err_set(err, ERR_INVALID,
                   "field '%s' is '%s' and the subject is '%s'; accepted: the same name in both, or no such field",
                   SECRET_SHOWN(field), SECRET_SHOWN(item.data), SECRET_SHOWN(subject));
}
