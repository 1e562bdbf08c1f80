/* Names are compared as most people write them: in lower case, words joined by '_'. */
#include "ledger/kinds/slip.h"

#include <string.h>

#include "base/text.h"

#define NEAR_NAME_MIN 3 /* shorter names are near to everything */
#define TWO_SLIPS     6 /* letters from which on two slips are likely */

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

void kind_slip_begin(struct kind_slip *slip, struct bytes name) {
    slip->within = SIZE_MAX;
    if (name.n < NEAR_NAME_MIN || name.n > KIND_SLIP_MAX || memchr(name.p, '\0', name.n) != NULL) {
        return;
    }
    for (size_t i = 0; i < name.n; i++) {
        slip->name[i] = (char)plain(name.p[i]);
    }
    slip->name[name.n] = '\0';
    slip->letters = kind_letters(name);
    slip->within = name.n < TWO_SLIPS ? 1 : 2;
}

/* How many slips lie between them; more than slip->within: too many. */
static size_t slips(const struct kind_slip *slip, struct bytes known, uint32_t letters) {
    size_t n = strlen(slip->name), most = known.n > n ? known.n - n : n - known.n, limit = slip->within;
    if (known.n < NEAR_NAME_MIN || most > limit || (size_t)__builtin_popcount(slip->letters ^ letters) > 2 * limit) {
        return limit + 1;
    }
    return text_distance(slip->name, (const char *)known.p, limit);
}

bool kind_slip_nearer(struct kind_slip *slip, struct bytes known, uint32_t letters) {
    size_t n = slip->within == SIZE_MAX ? SIZE_MAX : slips(slip, known, letters);
    if (n == SIZE_MAX || n > slip->within) {
        return false;
    }
    slip->within = n - 1; /* of none: nothing is nearer */
    return true;
}
