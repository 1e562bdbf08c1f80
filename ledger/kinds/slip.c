/* Names are compared as most people write them: in lower case, words joined by '_'. */
#include "ledger/kinds/slip.h"

#include <string.h>

#include "base/secret/secret.h"
#include "base/text.h"

#define NEAR_NAME_MIN 3 /* shorter names are near every other name */
#define TWO_SLIPS     6 /* number of letters from which two slips are likely */

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
    slip->found = slip->secret = false;
    if (name.n < NEAR_NAME_MIN || name.n > KIND_SLIP_MAX || memchr(name.p, '\0', name.n) != NULL) {
        return;
    }
    for (size_t i = 0; i < name.n; i++) {
        slip->name[i] = (char)plain(name.p[i]);
    }
    slip->name[name.n] = '\0';
    slip->letters = kind_letters(name);
    slip->secret = secret_field_name(name);
    slip->within = name.n < TWO_SLIPS ? 1 : 2;
}

/* How many slips separate the two; a number above slip->within means too many. */
static size_t slips(const struct kind_slip *slip, struct bytes known, uint32_t letters) {
    size_t n = strlen(slip->name), most = known.n > n ? known.n - n : n - known.n, limit = slip->within;
    if (known.n < NEAR_NAME_MIN || most > limit || (size_t)__builtin_popcount(slip->letters ^ letters) > 2 * limit) {
        return limit + 1;
    }
    return text_distance(slip->name, (const char *)known.p, limit);
}

/* The name is the first, the last or some of the words of the known name. */
static bool is_words_of(const struct kind_slip *slip, struct bytes known, uint32_t letters) {
    const char *name = (const char *)known.p;
    size_t n = strlen(slip->name);
    if (n >= known.n || slip->secret || (slip->letters & ~letters) != 0) return false;
    for (const char *at = name; (at = strstr(at, slip->name)) != NULL; at++) {
        if ((at == name || at[-1] == '_') && (at[n] == '\0' || at[n] == '_')) return true;
    }
    return false;
}

/* "model_name" for "model". */
static bool is_name_of(const struct kind_slip *slip, struct bytes known) {
    return known.n >= NEAR_NAME_MIN && strncmp(slip->name, (const char *)known.p, known.n) == 0 &&
           strcmp(slip->name + known.n, "_name") == 0;
}

bool kind_slip_nearer(struct kind_slip *slip, struct bytes known, uint32_t letters) {
    if (slip->within == SIZE_MAX) return false;
    size_t n = slips(slip, known, letters);
    bool nearer = n <= slip->within || (!slip->found && (is_words_of(slip, known, letters) || is_name_of(slip, known)));
    if (nearer && n <= slip->within) {
        slip->within = n - 1; /* after 0 slips nothing is nearer */
    }
    slip->found = slip->found || nearer;
    return nearer;
}
