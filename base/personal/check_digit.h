/* Check digits of numbers that people type: payment cards and bank accounts. */
#ifndef BASE_PERSONAL_CHECK_DIGIT_H
#define BASE_PERSONAL_CHECK_DIGIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ISO/IEC 7812: whether the last of these digits (values 0 to 9) is the check digit of the others. */
bool check_digit_luhn(const uint8_t *digits, size_t n);
/* ISO 13616: the characters of an IBAN of this country, by its first two capitals; 0: no such country. */
size_t check_digit_iban_len(const uint8_t *country);
/* Whether capitals and digits of an IBAN, its first four characters moved to the end, are 1 modulo 97 (ISO/IEC 7064). */
bool check_digit_iban(const uint8_t *p, size_t n);

#endif
