/* A text, what was inserted into it, and what was moved.
 *
 *   before    {"a":1}
 *   splices   at 6: `,`   at 7: `"b":2`
 *   after     {"a":1,"b":2}
 *
 * Each place counts in the text as it was at that moment, so the last insertion is taken back first. */
#include "base/edit/splice.h"

#include <string.h>

int edit_init(struct edit *edit, struct bytes text, struct err *err) {
    memset(edit, 0, sizeof(*edit));
    buf_init(&edit->text, EDIT_TEXT_MAX);
    buf_init(&edit->inserted, EDIT_TEXT_MAX);
    buf_put_bytes(&edit->text, text);
    return buf_check(&edit->text, "the document", err);
}

void edit_done(struct edit *edit) {
    buf_done(&edit->text);
    buf_done(&edit->inserted);
}

static int note(struct edit *edit, struct edit_splice splice, struct err *err) {
    if (edit->n == EDIT_SPLICES_MAX) {
        return err_set(err, ERR_LIMIT, "more than %d insertions into one document", EDIT_SPLICES_MAX);
    }
    edit->splices[edit->n++] = splice;
    return 0;
}

int edit_note(struct edit *edit, size_t at, struct bytes what, struct err *err) {
    int rc = note(edit, (struct edit_splice){.at = at, .from = edit->inserted.n, .n = what.n}, err);
    if (rc != 0) return rc;
    buf_put_bytes(&edit->inserted, what);
    return buf_check(&edit->inserted, "what is inserted", err);
}

int edit_insert(struct edit *edit, size_t at, struct bytes what, struct err *err) {
    size_t n = edit->text.n;
    if (at > n) return err_set(err, ERR_INVALID, "an insertion at byte %zu of %zu", at, n);
    int rc = edit_note(edit, at, what, err);
    buf_put_bytes(&edit->text, what);
    if (rc == 0) rc = buf_check(&edit->text, "the document with what is inserted", err);
    if (rc != 0 || what.n == 0) return rc;
    memmove(edit->text.p + at + what.n, edit->text.p + at, n - at);
    bytes_copy(edit->text.p + at, what);
    return 0;
}

int edit_note_move(struct edit *edit, size_t from, size_t n, size_t at, struct err *err) {
    return note(edit, (struct edit_splice){.at = at, .from = from, .n = n, .moved = true}, err);
}

static void reverse(uint8_t *p, size_t n) {
    for (size_t i = 0; i < n / 2; i++) {
        uint8_t c = p[i];
        p[i] = p[n - 1 - i];
        p[n - 1 - i] = c;
    }
}

/* `n` bytes at `from` go to `at`: two neighbouring parts change places. */
static void move(struct buf *text, size_t from, size_t n, size_t at) {
    size_t low = from < at ? from : at, left = from < at ? n : from - at, right = from < at ? at - from : n;
    reverse(text->p + low, left);
    reverse(text->p + low + left, right);
    reverse(text->p + low, left + right);
}

static bool fits(const struct buf *text, size_t from, size_t n, size_t at) {
    return n <= text->n && from <= text->n - n && at <= text->n - n;
}

int edit_move(struct edit *edit, size_t from, size_t n, size_t at, struct err *err) {
    if (!fits(&edit->text, from, n, at)) {
        return err_set(err, ERR_INVALID, "%zu bytes at %zu moved to %zu, of %zu", n, from, at, edit->text.n);
    }
    int rc = edit_note_move(edit, from, n, at, err);
    if (rc == 0) move(&edit->text, from, n, at);
    return rc;
}

void edit_cut(struct buf *text, size_t at, size_t n) {
    if (n == 0) return;
    memmove(text->p + at, text->p + at + n, text->n - at - n);
    text->n -= n;
}

int edit_take_back(struct edit *edit, struct err *err) {
    while (edit->n > 0) {
        const struct edit_splice *s = &edit->splices[edit->n - 1];
        if (s->moved) {
            if (!fits(&edit->text, s->from, s->n, s->at)) {
                return err_set(err, ERR_CONFLICT, "byte %zu: it is not what was moved there", s->at);
            }
            move(&edit->text, s->at, s->n, s->from);
            edit->n--;
            continue;
        }
        if (s->at > edit->text.n || s->n > edit->text.n - s->at ||
            (s->n > 0 && memcmp(edit->text.p + s->at, edit->inserted.p + s->from, s->n) != 0)) {
            return err_set(err, ERR_CONFLICT, "byte %zu: it is not what was inserted there", s->at);
        }
        edit_cut(&edit->text, s->at, s->n);
        edit->n--;
    }
    return 0;
}

size_t edit_find(struct bytes text, size_t from, const char *what) {
    if (from >= text.n) return SIZE_MAX;
    const uint8_t *found = memmem(text.p + from, text.n - from, what, strlen(what));
    return found != NULL ? (size_t)(found - text.p) : SIZE_MAX;
}

size_t edit_bom(struct bytes text) {
    return text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}
