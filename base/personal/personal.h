/* Finds personal data in a text by its form. What has another form (names, postal addresses) is not found. */
#ifndef BASE_PERSONAL_PERSONAL_H
#define BASE_PERSONAL_PERSONAL_H

#include "base/bytes.h"

enum personal_kind { PERSONAL_EMAIL, PERSONAL_PHONE, PERSONAL_IBAN, PERSONAL_CARD, PERSONAL_KINDS };

struct personal_hit {
    enum personal_kind kind;
    size_t at, n;
};

/* "email", "phone", "iban", "card". */
const char *personal_name(enum personal_kind kind);
/* The first hit at or after byte `from` of a text without other spellings. Returns 0 with *ret, or 1 when there is none. */
int personal_next(struct bytes text, size_t from, struct personal_hit *ret);
/* Appends the text with each hit replaced by "‹personal:KIND:LEN›", and adds to the counts by kind. Other spellings are
 * found as well (base/personal/plain.h); LEN is what they take in the text. Check out->fail for memory. */
void personal_mask(struct buf *out, struct bytes text, size_t counts[PERSONAL_KINDS]);

/* The validators: what begins at byte `at`, or for an address has its '@' there; the length of the hit, 0: none. */
size_t personal_phone(struct bytes text, size_t at);
size_t personal_iban(struct bytes text, size_t at);
size_t personal_card(struct bytes text, size_t at);
/* *ret_from: where it begins, not before `from`. */
size_t personal_email(struct bytes text, size_t from, size_t at, size_t *ret_from);

#endif
