/* Compares what a field repeats of the subject with the subject itself. A placeholder for a hidden name agrees with any
 * name. */
#include "ledger/kinds/subject.h"

#include <string.h>

#include "base/secret/secret.h"

#define HASH_DIGITS_MIN 16

static bool is_other_word(const struct kind_index *index, struct bytes family, struct bytes field) {
    return bytes_has_prefix(index->name, "permission.") &&
           (bytes_eq(field, family) || bytes_is(field, "holder") || bytes_is(field, "who") || bytes_is(field, "subject"));
}

bool kind_restated(const struct kind_index *index, struct bytes subject, struct bytes field, struct bytes *ret_part) {
    for (size_t i = 0; i < index->n_forms; i++) {
        const struct kind_form *form = &index->forms[i];
        if (subject.n > form->prefix.n && memcmp(subject.p, form->prefix.p, form->prefix.n) == 0) {
            struct bytes family = kind_family(subject);
            if (kind_form_part(form, subject, field, ret_part)) return true;
            *ret_part = (struct bytes){subject.p + family.n + 1, subject.n - family.n - 1};
            return is_other_word(index, family, field);
        }
    }
    return false;
}

/* Sources write these when a name holds a secret, because a header cannot be masked, or when they were given no name. */
static bool is_hidden(struct bytes family, struct bytes part) {
    size_t n = 0;
    if (!bytes_is(family, "tool") && !bytes_is(family, "agent") && !bytes_is(family, "server") &&
        !bytes_is(family, "service")) {
        return false;
    }
    if (bytes_is(part, "unnamed") || bytes_is(part, "unknown")) return true;
    if (!bytes_has_prefix(part, "hash-")) return false;
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
        !kind_restated(index, subject, field, &part) || kind_names_same(kind_family(subject), part, item.data) ||
        (bytes_eq(item.data, subject) && kind_field_find(index->kind, field) == NULL)) {
        return 0;
    }
    return err_set(err, ERR_INVALID,
                   "field '%s' is '%s' and the subject is '%s'; expected: the same name in both, or no such field",
                   SECRET_SHOWN(field), SECRET_SHOWN(item.data), SECRET_SHOWN(subject));
}
