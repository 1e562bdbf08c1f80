/* Both are sums over digits; letters of an IBAN count as 10 to 35. */
#include "base/personal/check_digit.h"

#include <string.h>

bool check_digit_luhn(const uint8_t *digits, size_t n) {
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned d = digits[n - 1 - i];
        d = i % 2 == 1 ? 2 * d : d;
        sum += d > 9 ? d - 9 : d;
    }
    return n > 1 && sum % 10 == 0;
}

/* Countries of IBANs, and their lengths. */
static const struct {
    char country[3];
    uint8_t n;
} IBANS[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22}, {"BR", 29},
    {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"ES", 24}, {"FI", 18},
    {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28},
    {"IE", 22}, {"IL", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LI", 21}, {"LT", 20},
    {"LU", 20}, {"LV", 21}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MT", 31}, {"NL", 18}, {"NO", 15}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"SA", 24}, {"SE", 24}, {"SI", 19}, {"SK", 24},
    {"SM", 27}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"XK", 20},
};

size_t check_digit_iban_len(const uint8_t *country) {
    for (size_t i = 0; i < sizeof(IBANS) / sizeof(IBANS[0]); i++) {
        if (memcmp(country, IBANS[i].country, 2) == 0) return IBANS[i].n;
    }
    return 0;
}

bool check_digit_iban(const uint8_t *p, size_t n) {
    unsigned rest = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = p[(i + 4) % n];
        rest = c >= '0' && c <= '9' ? (rest * 10 + c - '0') % 97 : (rest * 100 + c - 'A' + 10) % 97;
    }
    return n > 4 && rest == 1;
}
