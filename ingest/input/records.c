/* One pass over the bytes: brackets outside strings are counted, and a record ends where the outermost one closes.
 *
 *   line      {"a":1} {"b":[           the first record is a view of the line
 *   line        2]}                    the second is held together in a buffer
 *
 * A JSON string cannot span lines, so a record with a string that does is broken there. So is a record when the next line
 * begins with an object where none is allowed: an object follows ':' inside an object, and '[' or ',' inside an array. Thus
 * a record that was cut off does not affect the good ones after it. Neither does a string, a number or a literal among an
 * array's records: it ends where its element ends. */
#include "ingest/input/records.h"

#include <string.h>

static const char too_long[] = "the record is longer than 4194304 bytes";
static const char too_many[] = "the record has more than 131072 values";

_Static_assert(RECORD_MAX == 4194304 && RECORD_VALUES_MAX == 131072, "the messages name them");

void records_init(struct records *split) {
    memset(split, 0, sizeof(*split));
    buf_init(&split->held, RECORD_MAX);
}

void records_done(struct records *split) {
    buf_done(&split->held);
}

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Drops the current record. */
static void reset(struct records *s) {
    buf_clear(&s->held);
    s->depth = 0;
    s->is_array = 0;
    s->values = 0;
    s->last = 0;
    s->in_text = s->escaped = false;
}

void records_line(struct records *s, const struct lines_line *line) {
    s->line = *line;
    s->at = 0;
    s->from = 0;
    s->arrays_before = s->arrays;
}

/* Gives the record up to byte `to` of the line. `held` keeps its bytes until the next line that needs it. */
static int give(struct records *s, size_t to, bool cut, const char *fault, struct record *ret) {
    struct bytes text = {s->line.text.p + s->from, to - s->from};
    if (s->held.n > 0) {
        buf_put_bytes(&s->held, text);
        text = bytes_of_buf(&s->held);
        text.n -= to == s->from; /* the LF after what is held, when nothing of this line belongs to it */
    }
    if (s->held.fail != 0) {
        fault = too_long;
    } else if (fault == NULL && s->values > RECORD_VALUES_MAX) {
        fault = too_many;
    }
    *ret = (struct record){text, s->from_line, s->from_offset, cut, fault};
    s->at = to;
    s->depth = 0;
    return 0;
}

static bool object_may_follow(const struct records *s) {
    return (s->is_array & 1) != 0 ? s->last == '[' || s->last == ',' : s->last == ':';
}

/* One byte inside the record. True when it was the last one. */
static bool step(struct records *s, uint8_t c) {
    if (s->in_text) {
        s->in_text = s->escaped || c != '"';
        s->escaped = !s->escaped && c == '\\';
        return false;
    }
    if (is_blank(c)) return false;
    s->last = c;
    switch (c) {
    case '"':
        s->in_text = true;
        break;
    case '{':
    case '[':
        s->depth++;
        s->is_array = s->is_array << 1 | (c == '[');
        s->values++;
        break;
    case ',':
    case ':':
        s->values++;
        break;
    case '}':
    case ']':
        s->is_array >>= 1;
        return --s->depth == 0;
    default:
        break;
    }
    return false;
}

/* Continues a record to the end of the line; 1 when it continues in the next. */
static int continue_record(struct records *s, struct record *ret) {
    const struct bytes text = s->line.text;
    for (size_t i = s->at; i < text.n; i++) {
        if (step(s, text.p[i])) return give(s, i + 1, false, NULL, ret);
    }
    if (s->in_text) {
        s->dropping = s->held.n > 0;
        return give(s, text.n, true, NULL, ret);
    }
    s->at = text.n;
    buf_put(&s->held, text.p + s->from, text.n - s->from);
    buf_put_u8(&s->held, '\n');
    if (s->held.fail != 0) {
        s->dropping = true;
        return give(s, text.n, true, too_long, ret);
    }
    s->from = text.n;
    return 1;
}

static bool is_number_byte(uint8_t c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Where the string, number or literal at `at` ends, when nothing else is in its element; else 0. */
static size_t scalar_end(struct bytes text, size_t at) {
    size_t i = at;
    if (text.p[i] == '"') {
        for (i++; i < text.n && text.p[i] != '"'; i++) {
            i += text.p[i] == '\\';
        }
        if (i++ >= text.n) return 0;
    } else if (text.p[i] == '-' || (text.p[i] >= '0' && text.p[i] <= '9')) {
        while (i < text.n && is_number_byte(text.p[i])) {
            i++;
        }
    } else {
        const struct bytes rest = {text.p + at, text.n - at};
        i += bytes_has_prefix(rest, "true") || bytes_has_prefix(rest, "null") ? 4 : 0;
        i += bytes_has_prefix(rest, "false") ? 5 : 0;
    }
    size_t end = i;
    while (i < text.n && is_blank(text.p[i])) {
        i++;
    }
    return end > at && (i == text.n || text.p[i] == ',' || text.p[i] == ']') ? end : 0;
}

/* Between records: blanks, commas and the brackets of arrays around them. */
static int begin_record(struct records *s, struct record *ret) {
    const struct bytes text = s->line.text;
    reset(s);
    while (s->at < text.n) {
        uint8_t c = text.p[s->at];
        bool around = c == '[' || (s->arrays > 0 && (c == ',' || c == ']'));
        if (c == '{') break;
        if (!around && !is_blank(c)) {
            s->from = s->at;
            s->from_line = s->line.number;
            s->from_offset = s->line.offset + s->at;
            size_t end = s->arrays > 0 ? scalar_end(text, s->at) : 0;
            if (end == 0) {
                s->arrays = s->arrays_before;
                end = text.n;
            }
            return give(s, end, false, NULL, ret);
        }
        s->arrays += c == '[';
        s->arrays -= c == ']';
        s->at++;
    }
    if (s->at == text.n) return 1;
    s->from = s->at;
    s->from_line = s->line.number;
    s->from_offset = s->line.offset + s->at;
    return continue_record(s, ret);
}

/* A line too long to be read whole. */
static int give_long(struct records *s, struct record *ret) {
    bool inside = s->depth > 0;
    if (!inside) {
        s->from_line = s->line.number;
        s->from_offset = s->line.offset;
    }
    s->line.too_long = false;
    s->dropping = inside;
    return give(s, s->line.text.n, true, too_long, ret);
}

int records_next(struct records *s, struct record *ret) {
    const struct bytes text = s->line.text;
    if (s->line.too_long) return give_long(s, ret);
    if (s->at == 0 && text.n > 0) {
        size_t first = 0;
        while (first < text.n && is_blank(text.p[first])) {
            first++;
        }
        bool object = first < text.n && text.p[first] == '{';
        if (s->dropping && !(object && first == 0)) {
            s->at = text.n;
            return 1;
        }
        s->dropping = false;
        if (s->depth > 0 && object && !object_may_follow(s)) return give(s, 0, true, NULL, ret);
    }
    return s->depth > 0 ? continue_record(s, ret) : begin_record(s, ret);
}

int records_end(struct records *s, struct record *ret) {
    if (s->depth > 0) {
        s->line.text.n = 0;
        s->from = 0;
        return give(s, 0, true, NULL, ret);
    }
    if (s->arrays == 0) return 1;
    s->arrays = 0;
    *ret = (struct record){.line = s->line.number,
                           .offset = s->line.offset,
                           .cut = true,
                           .fault = "the array around the records is not closed: the input is cut off"};
    return 0;
}
