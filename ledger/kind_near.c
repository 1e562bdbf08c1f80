/* What people get wrong when they write an event by hand: a letter of a field's name, and the subject's first part. Both
 * are told before anything is written, because what is sealed stays. */
#include "ledger/kind_near.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "ledger/kind_check.h"

#define NEAR_NAME_MIN 3  /* shorter names are near to everything */
#define NEAR_NAME_MAX 64 /* bytes of a name that can be a slip */
#define TWO_SLIPS     6  /* letters from which on two slips are likely */

/* ---- names -------------------------------------------------------------------------------------------------------- */

static uint8_t plain(uint8_t c) {
    return c == '-' || c == '.' || c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

uint32_t kind_letters(struct bytes name) {
    uint32_t set = 0;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = plain(name.p[i]);
        set |= c == '_' ? 0 : UINT32_C(1) << (c >= 'a' && c <= 'z' ? c - 'a' : 26 + c % 6);
    }
    return set;
}

/* A name as it is compared; false: it is too short or too long to be a slip. */
static bool read_name(struct bytes name, char ret[NEAR_NAME_MAX + 1]) {
    if (name.n < NEAR_NAME_MIN || name.n > NEAR_NAME_MAX || memchr(name.p, '\0', name.n) != NULL) {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        ret[i] = (char)plain(name.p[i]);
    }
    ret[name.n] = '\0';
    return true;
}

/* How many slips lie between them; more than `limit`: too many. */
static size_t slips(const char *wanted, uint32_t letters, struct bytes known, uint32_t known_letters, size_t limit) {
    size_t n = strlen(wanted), most = known.n > n ? known.n - n : n - known.n;
    if (known.n < NEAR_NAME_MIN || most > limit || (size_t)__builtin_popcount(letters ^ known_letters) > 2 * limit) {
        return limit + 1;
    }
    return text_distance(wanted, (const char *)known.p, limit);
}

static size_t slips_allowed(struct bytes name) {
    return name.n < TWO_SLIPS ? 1 : 2;
}

const struct kind_slot *kind_near_slot(const struct kind_index *index, struct bytes name) {
    char wanted[NEAR_NAME_MAX + 1];
    const struct kind_slot *near = NULL;
    size_t best = slips_allowed(name) + 1;
    if (!read_name(name, wanted)) {
        return NULL;
    }
    uint32_t letters = kind_letters(name);
    for (size_t i = 0; i < index->n_slots && best > 0; i++) {
        const struct kind_slot *slot = &index->slots[i];
        size_t n = slips(wanted, letters, slot->name, slot->letters, best - 1);
        if (n < best) {
            near = slot;
            best = n;
        }
    }
    return near;
}

const struct kind_field *kind_near_member(const struct kind_field *list, struct bytes name) {
    char wanted[NEAR_NAME_MAX + 1];
    const struct kind_field *near = NULL;
    size_t best = slips_allowed(name) + 1;
    for (size_t i = 0; read_name(name, wanted) && i < list->n_members && best > 0; i++) {
        struct bytes known = bytes_of(list->members[i].name);
        size_t n = slips(wanted, kind_letters(name), known, kind_letters(known), best - 1);
        if (n < best) {
            near = &list->members[i];
            best = n;
        }
    }
    return near;
}

/* An unknown name that could only be a limit which somebody meant. */
static __attribute__((noinline, cold)) int not_accepted(const struct kind_index *index, struct bytes name,
                                                        struct err *err) {
    char accepted[512] = "";
    size_t n = 0;
    for (size_t i = 0; i < index->kind->n_fields && n < sizeof(accepted); i++) {
        n += (size_t)snprintf(accepted + n, sizeof(accepted) - n, "%s, ", index->kind->fields[i].name);
    }
    return err_set(err, ERR_INVALID,
                   "'%s' is not a field of '%s'; accepted: %sat. With force_private it is kept as it is, private, and "
                   "limits nothing",
                   SECRET_SHOWN(name), index->kind->name, accepted);
}

int kind_near_check(const struct kind_index *index, struct bytes name, struct err *err) {
    const struct kind_slot *near = index->kind == NULL ? NULL : kind_near_slot(index, name);
    if (near == NULL) {
        return index->closed ? not_accepted(index, name, err) : 0;
    }
    return err_set(err, ERR_INVALID,
                   "'%s' is not a field of '%s', did you mean '%s'? With force_private it is kept as it is, private",
                   SECRET_SHOWN(name), index->kind->name, near->field->name);
}

int kind_name_secret(const char *what, const struct secret_hit *hit, struct err *err) {
    return err_set(err, ERR_INVALID,
                   "a field's name in %s holds a secret (rule %s, %zu bytes at byte %zu of the name); accepted: names "
                   "without one",
                   what, hit->rule, hit->n, hit->at);
}

int kind_name_twice(struct bytes name, struct err *err) {
    return err_set(err, ERR_INVALID, "field '%s' is in both body and private; accepted: one of them", SECRET_SHOWN(name));
}

int kind_not_private(const struct kind_index *index, struct bytes name, struct err *err) {
    return err_set(err, ERR_INVALID,
                   "field '%s' of '%s' cannot be private: what is permitted is judged by it, and nobody could see it; "
                   "accepted: in the body",
                   SECRET_SHOWN(name), index->kind->name);
}

int kind_not_exact(const struct kind_index *index, struct bytes name, struct err *err) {
    return err_set(err, ERR_INVALID,
                   "field '%s' of '%s' holds a secret: masked, it would mean something else; accepted: text without a "
                   "secret, such as a pattern",
                   SECRET_SHOWN(name), index->kind->name);
}

int kind_unknown(struct bytes kind, struct err *err) {
    if (bytes_has_prefix(kind, "x.")) {
        return err_set(err, ERR_INVALID,
                       "kind '%s' is not a custom kind; accepted: x.<vendor>.<name>, three or more parts of "
                       "a-z, 0-9, _",
                       SECRET_SHOWN(kind));
    }
    const char *near = kind_suggest(kind);
    return err_set(
        err, ERR_NOTFOUND, "unknown kind '%s'%s%s%s `ledger kinds` lists them; custom kinds are x.<vendor>.<name>",
        SECRET_SHOWN(kind), near == NULL ? ";" : ", did you mean '", near == NULL ? "" : near, near == NULL ? "" : "'?");
}

const char *kind_field_suggest(const struct kind *kind, struct bytes name) {
    const struct kind_slot *near = kind == NULL ? NULL : kind_near_slot(kind_index_find(bytes_of(kind->name)), name);
    return near == NULL ? NULL : near->field->name;
}

/* ---- subjects ----------------------------------------------------------------------------------------------------- */

/* "pack/<name>, tool/<name> or server/<name>": each form a prefix up to its first '<', and how many parts follow. */
void kind_forms_read(struct kind_index *entry) {
    const char *p = entry->kind->subject;
    while (*p != '\0') {
        const char *comma = strstr(p, ", "), * or = strstr(p, " or ");
        const char *end = comma != NULL ? comma : or != NULL ? or : p + strlen(p);
        const char *open = memchr(p, '<', (size_t)(end - p));
        assert(open != NULL && entry->n_forms < KIND_FORMS_MAX);
        struct kind_form *form = &entry->forms[entry->n_forms++];
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
}

static bool has_form(const struct kind_form *form, struct bytes subject) {
    if (subject.n <= form->prefix.n || memcmp(subject.p, form->prefix.p, form->prefix.n) != 0) {
        return false;
    }
    struct bytes rest = {subject.p + form->prefix.n, subject.n - form->prefix.n};
    for (unsigned i = 1; i < form->parts; i++) {
        const uint8_t *slash = memchr(rest.p, '/', rest.n);
        if (slash == NULL || slash == rest.p || slash + 1 == rest.p + rest.n) {
            return false;
        }
        rest.n -= (size_t)(slash + 1 - rest.p);
        rest.p = slash + 1;
    }
    uint64_t seq;
    return form->last == KIND_PART_NAME  ? true
           : form->last == KIND_PART_SEQ ? text_parse_u64(rest, &seq) == 0
                                         : kind_is_digest(rest);
}

/* What was probably meant: the form's prefix is missing, or nearly right. */
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
        if (n > 0 && (size_t)n < sizeof(meant) && has_form(form, bytes_of(meant))) {
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
    return err_set(err, ERR_INVALID, "subject '%s' does not suit '%s'; accepted: %s%s%s%s", SECRET_SHOWN(subject),
                   index->kind->name, index->kind->subject, guessed ? "; did you mean '" : "",
                   guessed ? SECRET_SHOWN(bytes_of(meant)) : "", guessed ? "'?" : "");
}

int kind_forms_check(const struct kind_index *index, struct bytes subject, struct err *err) {
    for (size_t i = 0; index != NULL && i < index->n_forms; i++) {
        if (has_form(&index->forms[i], subject)) {
            return 0;
        }
    }
    return index == NULL ? 0 : bad_subject(index, subject, err);
}

int kind_subject_check(struct bytes kind, struct bytes subject, struct err *err) {
    return kind_forms_check(kind_index_find(kind), subject, err);
}
