/* A machine of four states over bytes that come in any pieces. What is not wanted is counted and dropped, so that memory is bounded
 * whatever a length says. */
#include <stdio.h>
#include <string.h>

#include "ingest/journal/journal.h"

static const char *const names[] = {
#define FIELD(id, name) name,
#include "ingest/journal/fields.def"
#undef FIELD
};

#define NOT_A_NAME "a field's name has other characters than A to Z, 0 to 9 and _, or more than 64 of them"

void journal_parser_init(struct journal_parser *p,
                         int (*take)(void *, const struct journal_entry *, const char *, struct err *), void *ctx) {
    memset(p, 0, sizeof(*p));
    p->take = take;
    p->ctx = ctx;
    p->wanted = -1;
    p->at_line = 1;
    buf_init(&p->line, JOURNAL_NAME_MAX + 2 + JOURNAL_VALUE_MAX);
    buf_init(&p->kept, JOURNAL_ENTRY_MAX);
}

void journal_parser_done(struct journal_parser *p) {
    buf_done(&p->line);
    buf_done(&p->kept);
}

static bool is_name(struct bytes name) {
    bool fine = name.n > 0 && name.n <= JOURNAL_NAME_MAX;
    for (size_t i = 0; i < name.n && fine; i++) {
        uint8_t c = name.p[i];
        fine = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }
    return fine;
}

static int field_of(struct bytes name) {
    for (int i = 0; i < JOURNAL_FIELDS; i++) {
        if (bytes_is(name, names[i])) return i;
    }
    return -1;
}

/* Keeps the first value of a field that is wanted; the values together have a bound. */
static void keep(struct journal_parser *p, int field, struct bytes value) {
    if (field < 0 || p->places[field].there || value.n > p->kept.max - p->kept.n) return;
    p->places[field].there = true;
    p->places[field].at = p->kept.n;
    p->places[field].n = value.n;
    buf_put_bytes(&p->kept, value);
}

static int end_entry(struct journal_parser *p, struct err *err) {
    struct journal_entry entry = {.line = p->entry_line, .offset = p->entry_offset};
    int rc = 0;
    for (size_t i = 0; i < JOURNAL_FIELDS; i++) {
        if (p->places[i].there) entry.fields[i] = (struct bytes){p->kept.p + p->places[i].at, p->places[i].n};
    }
    if (p->kept.fail == ERR_NOMEM || p->line.fail == ERR_NOMEM) return err_set(err, ERR_NOMEM, "journal: out of memory");
    if (p->any) rc = p->take(p->ctx, &entry, p->wrong, err);
    memset(p->places, 0, sizeof(p->places));
    buf_clear(&p->kept);
    p->any = false;
    p->wrong = NULL;
    return rc;
}

/* A whole line, without its LF. */
static int take_line(struct journal_parser *p, struct err *err) {
    struct bytes line = bytes_of_buf(&p->line);
    const uint8_t *equals = bytes_find(line, '=');
    size_t n = equals != NULL ? (size_t)(equals - line.p) : line.n;
    struct bytes name = {line.p, n};
    if (line.n == 0) return end_entry(p, err);
    if (!is_name(name)) p->wrong = NOT_A_NAME;
    if (equals == NULL && p->wrong != NULL) return err_set(err, ERR_INVALID, "%s", p->wrong);
    if (equals != NULL) {
        keep(p, field_of(name), (struct bytes){equals + 1, line.n - n - 1});
        return 0;
    }
    p->wanted = field_of(name);
    p->state = JOURNAL_LENGTH;
    p->length = 0;
    p->length_n = 0;
    return 0;
}

/* Takes bytes up to a line's end. */
static int push_line(struct journal_parser *p, struct bytes *in, struct err *err) {
    const uint8_t *lf = memchr(in->p, '\n', in->n);
    size_t n = lf != NULL ? (size_t)(lf - in->p) : in->n, room = p->line.max - p->line.n;
    if (p->line_n == 0 && !p->any && n > 0) {
        p->entry_line = p->at_line;
        p->entry_offset = p->offset;
    }
    if (n > 0) p->any = true;
    buf_put(&p->line, in->p, n < room ? n : room); /* of a longer one the beginning counts */
    p->line_n += n;
    if (p->line_n > JOURNAL_FIELD_MAX) return err_set(err, ERR_INVALID, "a line has more than 768 MiB");
    n += lf != NULL;
    p->offset += n;
    in->p += n;
    in->n -= n;
    if (lf == NULL) return 0;
    p->at_line++;
    int rc = take_line(p, err);
    buf_clear(&p->line);
    p->line_n = 0;
    return rc;
}

static int push_length(struct journal_parser *p, struct bytes *in, struct err *err) {
    p->length |= (uint64_t)in->p[0] << (8 * p->length_n);
    p->at_line += in->p[0] == '\n';
    p->length_n++;
    p->offset++;
    in->p++;
    in->n--;
    if (p->length_n < 8) return 0;
    if (p->length > JOURNAL_FIELD_MAX) {
        return err_set(err, ERR_INVALID, "a field says that it has %llu bytes; expected: at most %llu",
                       (unsigned long long)p->length, (unsigned long long)JOURNAL_FIELD_MAX);
    }
    p->left = p->length;
    p->state = p->left > 0 ? JOURNAL_VALUE : JOURNAL_AFTER;
    buf_clear(&p->line);
    return 0;
}

static void push_value(struct journal_parser *p, struct bytes *in) {
    size_t n = in->n < p->left ? in->n : (size_t)p->left;
    size_t room = p->wanted >= 0 && p->line.n < JOURNAL_VALUE_MAX ? JOURNAL_VALUE_MAX - p->line.n : 0;
    buf_put(&p->line, in->p, n < room ? n : room);
    for (const uint8_t *lf = in->p; (lf = memchr(lf, '\n', (size_t)(in->p + n - lf))) != NULL; lf++) {
        p->at_line++;
    }
    p->offset += n;
    p->left -= n;
    in->p += n;
    in->n -= n;
    if (p->left == 0) p->state = JOURNAL_AFTER;
}

static int push_after(struct journal_parser *p, struct bytes *in, struct err *err) {
    if (in->p[0] != '\n') {
        return err_set(err, ERR_INVALID, "a field's length is wrong: after its %llu bytes there is no line end",
                       (unsigned long long)p->length);
    }
    keep(p, p->wanted, bytes_of_buf(&p->line));
    buf_clear(&p->line);
    p->line_n = 0;
    p->at_line++;
    p->offset++;
    in->p++;
    in->n--;
    p->state = JOURNAL_LINE;
    return 0;
}

int journal_push(struct journal_parser *p, struct bytes in, struct err *err) {
    int rc = 0;
    while (in.n > 0 && rc == 0) {
        switch (p->state) {
        case JOURNAL_LINE:
            rc = push_line(p, &in, err);
            break;
        case JOURNAL_LENGTH:
            rc = push_length(p, &in, err);
            break;
        case JOURNAL_VALUE:
            push_value(p, &in);
            break;
        default:
            rc = push_after(p, &in, err);
            break;
        }
    }
    return rc;
}

int journal_push_end(struct journal_parser *p, struct err *err) {
    if (p->state != JOURNAL_LINE || p->line_n > 0) p->wrong = "the entry is cut off";
    return end_entry(p, err);
}
