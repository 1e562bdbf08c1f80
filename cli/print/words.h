/* Words for people, in their language. The code has the English ones; catalogues (po/) have the others. JSON and what is
 * recorded stay English: they never come here. */
#ifndef CLI_PRINT_WORDS_H
#define CLI_PRINT_WORDS_H

/* The translation of an English text, or the text itself. A literal argument is found by `make po-update`. The result is
 * UTF-8 and lives as long as the program. Placeholders, {name}, are those of the English text; it is never a format of
 * printf. */
const char *words(const char *english);
/* A text that is translated elsewhere, where it is shown: marks it for `make po-update`. */
#define WORDS_TEXT(english) english
/* The same for a text that counts: the form for n. Both forms are English when there is no translation. */
const char *words_n(const char *singular, const char *plural, unsigned long n);

#endif
