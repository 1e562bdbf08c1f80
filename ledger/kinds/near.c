/* Common mistakes in events written by hand: a wrong letter in a field's name, and a wrong first part of the subject. Both
 * are reported before anything is written, because a sealed event cannot be changed. */
#include "ledger/kinds/near.h"

#include <stdio.h>
#include <string.h>

#include "base/secret/secret.h"
#include "base/text.h"
#include "ledger/kinds/slip.h"

/* ---- names -------------------------------------------------------------------------------------------------------- */

const struct kind_slot *kind_near_slot(const struct kind_index *index, struct bytes name) {
    const struct kind_slot *near = NULL;
    struct kind_slip slip;
    kind_slip_begin(&slip, name);
    for (size_t i = 0; i < index->n_slots; i++) {
        const struct kind_slot *slot = &index->slots[i];
        near = kind_slip_nearer(&slip, slot->name, slot->letters) ? slot : near;
    }
    return near;
}

/* An unknown name in a closed kind, where it can only be meant as a limit. */
static __attribute__((noinline, cold)) int not_accepted(const struct kind_index *index, struct bytes name,
                                                        struct err *err) {
    char accepted[512] = "";
    size_t n = 0;
    for (size_t i = 0; i < index->kind->n_fields && n < sizeof(accepted); i++) {
        n += (size_t)snprintf(accepted + n, sizeof(accepted) - n, "%s, ", index->kind->fields[i].name);
    }
    return err_set(err, ERR_INVALID,
                   "'%s' is not a field of '%s'; expected: %sat. With force_private it is kept as it is, private, and "
                   "limits nothing",
                   SECRET_SHOWN(name), index->kind->name, accepted);
}

int kind_near_check(const struct kind_index *index, struct bytes name, struct err *err) {
    const struct kind_slot *near = index->kind == NULL ? NULL : kind_near_slot(index, name);
    if (near == NULL) return index->closed ? not_accepted(index, name, err) : 0;
    return err_set(err, ERR_INVALID,
                   "'%s' is not a field of '%s', did you mean '%s'? With force_private it is kept as it is, private",
                   SECRET_SHOWN(name), index->kind->name, near->field->name);
}

int kind_name_secret(const char *what, const struct secret_hit *hit, struct err *err) {
    return err_set(err, ERR_INVALID,
                   "a field's name in %s holds a secret (rule %s, %zu bytes at byte %zu of the name); expected: names "
                   "without one",
                   what, hit->rule, hit->n, hit->at);
}

int kind_name_twice(struct bytes name, struct err *err) {
    return err_set(err, ERR_INVALID, "field '%s' is in both body and private; expected: one of them", SECRET_SHOWN(name));
}

int kind_not_private(const struct kind_index *index, struct bytes name, struct err *err) {
    return err_set(err, ERR_INVALID,
                   "field '%s' of '%s' cannot be private: what is permitted is judged by it, and nobody could see it; "
                   "expected: in the body",
                   SECRET_SHOWN(name), index->kind->name);
}

int kind_not_exact(const struct kind_index *index, struct bytes name, struct err *err) {
    return err_set(err, ERR_INVALID,
                   "field '%s' of '%s' holds a secret: masked, it would mean something else; expected: text without a "
                   "secret, such as a pattern",
                   SECRET_SHOWN(name), index->kind->name);
}

int kind_unknown(struct bytes kind, struct err *err) {
    if (bytes_has_prefix(kind, "x.")) {
        return err_set(err, ERR_INVALID,
                       "kind '%s' is not a custom kind; expected: x.<vendor>.<name>, three or more parts of "
                       "a-z, 0-9, _",
                       SECRET_SHOWN(kind));
    }
    const char *near = kind_suggest(kind);
    return err_set(err, ERR_NOTFOUND,
                   "unknown kind '%s'%s%s%s see docs/kinds.md or `ledger kinds`; custom kinds are x.<vendor>.<name>",
                   SECRET_SHOWN(kind), near == NULL ? ";" : ", did you mean '", near == NULL ? "" : near,
                   near == NULL ? "" : "'?");
}

/* ---- subjects ----------------------------------------------------------------------------------------------------- */

/* The subject that was probably meant: the form's prefix is missing or nearly right. */
static bool guess(const struct kind_index *index, struct bytes subject, char ret[160]) {
    const uint8_t *slash = subject.n == 0 ? NULL : memchr(subject.p, '/', subject.n);
    size_t head = slash == NULL ? 0 : (size_t)(slash - subject.p);
    char word[32], meant[160];
    for (size_t i = 0; i < index->n_forms && subject.n > 0 && subject.n < 100; i++) {
        const struct kind_form *form = &index->forms[i];
        struct bytes rest = slash == NULL ? subject : (struct bytes){slash + 1, subject.n - head - 1};
        snprintf(word, sizeof(word), "%.*s", (int)form->prefix.n - 1, (const char *)form->prefix.p);
        if (slash != NULL) {
            char first[32];
            snprintf(first, sizeof(first), "%.*s", (int)(head < 31 ? head : 31), (const char *)subject.p);
            if (text_distance(first, word, 2) > 2 || text_distance(first, word, 2) >= strlen(word) / 2 + 1) {
                continue;
            }
        }
        int n = snprintf(meant, sizeof(meant), "%s/%.*s", word, (int)rest.n, (const char *)rest.p);
        if (n > 0 && (size_t)n < sizeof(meant) && kind_form_has(form, bytes_of(meant))) {
            memcpy(ret, meant, sizeof(meant));
            return true;
        }
    }
    return false;
}

static __attribute__((noinline, cold)) int bad_subject(const struct kind_index *index, struct bytes subject,
                                                       struct err *err) {
    char meant[160] = "";
    bool guessed = guess(index, subject, meant);
    return err_set(err, ERR_INVALID, "subject '%s' does not suit '%s'; expected: %s%s%s%s", SECRET_SHOWN(subject),
                   index->kind->name, index->kind->subject, guessed ? "; did you mean '" : "",
                   guessed ? SECRET_SHOWN(bytes_of(meant)) : "", guessed ? "'?" : "");
}

int kind_forms_check(const struct kind_index *index, struct bytes subject, struct err *err) {
    for (size_t i = 0; index != NULL && i < index->n_forms; i++) {
        if (kind_form_has(&index->forms[i], subject)) return 0;
    }
    return index == NULL ? 0 : bad_subject(index, subject, err);
}

int kind_run_check(const struct kind_index *index, struct bytes subject, struct bytes run, struct err *err) {
    if (index == NULL || run.n == 0 || !bytes_has_prefix(subject, "run/")) return 0;
    struct bytes id = {subject.p + 4, subject.n - 4};
    if (bytes_eq(id, run) || (id.n > run.n && id.p[run.n] == '-' && memcmp(id.p, run.p, run.n) == 0)) {
        return 0;
    }
    return err_set(err, ERR_INVALID, "the subject is '%s' and the run is '%s'; expected: the same run in both, or no run",
                   SECRET_SHOWN(subject), SECRET_SHOWN(run));
}
