/* Personal data in text: e-mail addresses, phone numbers, bank accounts, payment cards. Validators by form and check digits, written
 * by hand: no regular expressions, no guesses from words nearby.
 *
 * Sees: the floor's own files. Begin with personal.h.
 *
 *   personal   the search over a text, and masks
 *   plain      the text in plain characters, so that other spellings are found
 *   address    e-mail addresses
 *   check_digit   of cards and accounts; the secret scanner uses it too
 *   number     phone numbers, bank accounts, payment cards
 *
 * Words. Hit: the bytes that are personal data. Mask: what replaces them. */
#ifndef BASE_PERSONAL_ROOM_H
#define BASE_PERSONAL_ROOM_H

#endif
