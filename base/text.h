/* Text: UTF-8, hex, base64, decimal, times and what may be shown on a terminal. Nothing here allocates except through
 * buf. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <string.h>

#include "base/bytes.h"

/* Valid UTF-8 as defined by RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF. Returns the offset of
 * the first bad byte, or n when all is valid. */
size_t text_utf8_valid(const uint8_t *p, size_t n);
/* Whether it has a byte below 0x20, 0x7f, or a C1 control (U+0080..U+009F encoded). The text must be valid UTF-8. */
bool text_has_control(struct bytes text);

/* Properties of a text by its bytes alone, found in one pass, for callers that need several of them. Text without
 * TEXT_WIDE is valid UTF-8, and has a control character only with TEXT_CONTROL. */
enum {
    TEXT_WIDE = 1,      /* a byte of 0x80 or more */
    TEXT_CONTROL = 2,   /* a byte below 0x20, or 0x7f */
    TEXT_SLASH = 4,     /* '/' */
    TEXT_BACKSLASH = 8, /* '\\' */
    TEXT_LOOK_ALL = TEXT_WIDE | TEXT_CONTROL | TEXT_SLASH | TEXT_BACKSLASH
};
unsigned text_look(struct bytes text);

/* Whether no byte is 0x80 or more. For names and other short texts: inline, with two loads for 4 to 16 bytes. */
static inline bool text_is_ascii(struct bytes text) {
    const uint8_t *p = text.p;
    uint64_t all = 0, word;
    uint32_t first, last;
    if (text.n >= 8) {
        for (size_t i = 0; i < text.n - 8; i += 8) {
            memcpy(&word, p + i, 8);
            all |= word;
        }
        memcpy(&word, p + text.n - 8, 8); /* may overlap the previous word */
        return ((all | word) & UINT64_C(0x8080808080808080)) == 0;
    }
    if (text.n >= 4) {
        memcpy(&first, p, 4);
        memcpy(&last, p + text.n - 4, 4);
        return ((first | last) & UINT32_C(0x80808080)) == 0;
    }
    for (size_t i = 0; i < text.n; i++) {
        all |= p[i];
    }
    return all < 0x80;
}

/* Lowercase hex. ret has room for 2*n+1 bytes and is NUL-terminated. */
void text_hex(char *ret, const uint8_t *p, size_t n);
/* Exactly n bytes from exactly 2*n lowercase hex digits. ERR_INVALID otherwise. */
int text_unhex(uint8_t *ret, size_t n, struct bytes hex);

/* RFC 4648 section 4, padded. Appends to out. */
int text_base64(struct buf *out, const uint8_t *p, size_t n);
/* Strict: standard alphabet, padding required, no white space, unused bits zero. Appends to out; ERR_INVALID otherwise. */
int text_unbase64(struct buf *out, struct bytes b64);
/* The same for exactly n bytes, at least one. 0 or ERR_INVALID; a failure may leave part of them in `ret`. */
int text_unbase64_of(uint8_t *ret, size_t n, struct bytes b64);

/* Without blanks and tabs at its ends, and without the \r of a line end. Borrowed. */
struct bytes text_trim(struct bytes text);

/* ASCII decimal without sign, leading zero or overflow. */
int text_parse_u64(struct bytes text, uint64_t *ret);

/* RFC 3339 UTC with nine digits, "2026-11-21T00:32:38.000000000Z". ret has room for TEXT_TIME_MAX bytes. */
#define TEXT_TIME_MAX 32
void text_time(char *ret, uint64_t ns);
/* RFC 3339 date-times with an offset or Z, 0 to 9 fraction digits, and 'T', 't' or one space as the separator; exact.
 * Years 1970 to 2261, in UTC. ERR_INVALID for anything else (no zone, leap second, more digits). */
int text_parse_time(struct bytes text, uint64_t *ret_ns);
/* "90s", "15m", "2h", "7d", "2w", "1.5h": a decimal number of at most nine fraction digits and one unit. ERR_INVALID
 * otherwise. */
int text_parse_duration(struct bytes text, uint64_t *ret_ns);

/* The code point that the text begins with: its length in bytes, 0 for an invalid byte or no text. */
size_t text_utf8_next(struct bytes text, uint32_t *ret);
/* Whether a code point is itself invisible: format characters, joiners, selectors, C1 controls. Blanks are visible. */
bool text_is_invisible(uint32_t c);

/* Appends text made safe for a terminal: control characters, bidi overrides, other invisible format characters, joiners
 * and selectors without effect, and invalid bytes become visible escapes (\n, \x1b, \u{202e}). Backslashes stay single. */
int text_safe(struct buf *out, struct bytes text);
/* The same for whole JSON texts: unsafe characters can only be inside strings, and become JSON's own escapes (\u202e)
 * there. Line ends stay. */
int text_safe_json(struct buf *out, struct bytes json);

/* Escapes as text_safe does, but C1 controls and format characters alone: ASCII and invalid bytes stay. For text that a program
 * reads and a person may see. */
int text_safe_format(struct buf *out, struct bytes text);

/* Whether text_safe would leave it unchanged; with `lines`, text_safe_json. */
bool text_is_safe(struct bytes text, bool lines);
/* Whether none of it is visible: blanks, invisible characters, or no characters. Invalid bytes are visible. */
bool text_is_blank(struct bytes text);
/* Whether a spreadsheet might take this cell for a formula: it begins with = + - @ or a full-width form of these, even
 * after blanks, quotes, invisible characters and invalid bytes, which some programs skip; or it begins with a tab or a
 * line end. */
bool text_is_formula(struct bytes text);

/* The edit distance (insert, delete, replace, swap), at most `limit`+1: for "did you mean". Texts over 127 bytes are
 * `limit`+1 apart unless equal. */
size_t text_distance(const char *a, const char *b, size_t limit);

/* Finds, among names that are offered, the one that a text was probably meant to be: at most two edits away, and fewer
 * than half of its letters. */
struct text_near {
    const char *text; /* the given text */
    const char *name; /* the nearest so far, the first of several; NULL: none is close. Borrowed */
    size_t distance;  /* to that name */
    char words[160];
};
/* Offers a name. True: it equals the text. NULL is fine. */
bool text_near_offer(struct text_near *near, const char *name);
/* The text's index among the names, all of which are offered; SIZE_MAX when it is not among them. */
size_t text_near_find(struct text_near *near, const char *const *names, size_t n);
/* ", did you mean 'verify'?", or "". Valid as long as *near. */
const char *text_near_words(struct text_near *near);

/* The plural ending of a regular noun: "" for 1, otherwise "s". */
const char *text_s(uint64_t n);
/* "has" or "have": 0 of 1 call has, 1 of 3 calls has, 2 of 3 calls have. */
const char *text_has(uint64_t n, uint64_t of);
/* "is not the one that" or "are not those that". */
const char *text_differs(uint64_t n);

#endif
