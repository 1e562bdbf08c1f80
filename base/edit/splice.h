/* Insertions into a text, and moves within it, in the order in which they were made, so that they can be taken back byte for byte. */
#ifndef BASE_EDIT_SPLICE_H
#define BASE_EDIT_SPLICE_H

#include "base/bytes.h"

#define EDIT_TEXT_MAX    ((size_t)4 << 20) /* of a document, before and after */
#define EDIT_SPLICES_MAX 128

/* `at` is a place in the text as it was when these bytes were inserted, or moved there. */
struct edit_splice {
    size_t at, from, n; /* bytes `from` to `from + n` of `inserted`; of a move, where they were in the text */
    bool moved;
};

struct edit {
    struct buf text;     /* with all insertions so far */
    struct buf inserted; /* their bytes, one after the other */
    struct edit_splice splices[EDIT_SPLICES_MAX];
    size_t n;
};

/* Copies the text. ERR_LIMIT, ERR_NOMEM. Release with edit_done in any case. */
int edit_init(struct edit *edit, struct bytes text, struct err *err);
void edit_done(struct edit *edit);
/* Inserts bytes at a place of the text as it is now. ERR_LIMIT, ERR_NOMEM; then the edit is of no use. */
int edit_insert(struct edit *edit, size_t at, struct bytes what, struct err *err);
/* Moves `n` bytes at `from` to `at`, a place in the text without them. What they are is not kept. */
int edit_move(struct edit *edit, size_t from, size_t n, size_t at, struct err *err);
/* Notes an insertion that was made earlier, without making it: for edit_take_back. The same for a move. */
int edit_note(struct edit *edit, size_t at, struct bytes what, struct err *err);
int edit_note_move(struct edit *edit, size_t from, size_t n, size_t at, struct err *err);
/* Takes all of it back, the last one first. ERR_CONFLICT if other bytes are in the place of insertions; then the text
 * is of no use. */
int edit_take_back(struct edit *edit, struct err *err);
/* Removes `n` bytes of a text. */
void edit_cut(struct buf *text, size_t at, size_t n);
/* How many bytes the text's byte order mark has: 3, or 0 without one. */
size_t edit_bom(struct bytes text);
/* The first occurrence of `what` at or after `from`; SIZE_MAX if there is none. */
size_t edit_find(struct bytes text, size_t from, const char *what);

#endif
