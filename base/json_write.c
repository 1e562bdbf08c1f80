/* MessagePack in, JSON text out: written as it is read, without a tree.
 *
 * Open containers are on a fixed stack. It is deeper than canonical nesting, because what is printed is often a
 * canonical item inside an envelope. */
#include "base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "base/locale.h"
#include "base/mp.h"
#include "base/text.h"

#define WRITE_DEPTH_MAX (2 * MP_DEPTH_MAX)
#define NUMBER_MAX      40

struct frame {
    uint64_t left; /* items to come; in a map keys and values count each, so an even count means a key */
    bool map;
    bool empty;
};

struct writer {
    struct buf *out;
    enum json_style style;
    unsigned top;
    struct frame stack[WRITE_DEPTH_MAX];
};

static const char *short_escape(uint8_t c) {
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

/* Counts the leading bytes that need no escape, in whole blocks. */
static inline size_t plain_blocks(const uint8_t *p, size_t n) {
    size_t i = 0;
    while (n - i >= sizeof(block)) {
        block v = block_load(p + i);
        if (block_any((block)(v < 0x20) | (block)(v == '"') | (block)(v == '\\'))) break;
        i += sizeof(block);
    }
    return i;
}

int json_put_str(struct buf *out, struct bytes text) {
    size_t clean = 0; /* start of the run that is copied unchanged */
    buf_put_u8(out, '"');
    for (size_t i = plain_blocks(text.p, text.n); i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        buf_put(out, text.p + clean, i - clean);
        clean = i + 1;
        const char *escape = short_escape(c);
        if (escape != NULL) {
            buf_put(out, escape, 2);
        } else {
            static const char digits[] = "0123456789abcdef";
            const char unicode[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
            buf_put(out, unicode, sizeof(unicode));
        }
    }
    if (clean < text.n) {
        buf_put(out, text.p + clean, text.n - clean);
    }
    return buf_put_u8(out, '"');
}

/* The thread is in the C locale. Fifteen digits are exact for every decimal that has no more, and %g drops trailing
 * zeros, so fewer need not be tried; subnormal numbers carry less. */
static void put_float(struct buf *out, double v) {
    char s[NUMBER_MAX];
    for (int precision = fabs(v) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        snprintf(s, sizeof(s), "%.*g", precision, v);
        double back = strtod(s, NULL);
        if (memcmp(&back, &v, sizeof(v)) == 0) break;
    }
    buf_put_str(out, s);
    if (strpbrk(s, ".e") == NULL) {
        buf_put(out, ".0", 2);
    }
}

static void put_bin(struct buf *out, struct bytes v) {
    buf_put_u8(out, '"');
    text_base64(out, v.p, v.n);
    buf_put_u8(out, '"');
}

static void put_uint(struct buf *out, uint64_t v, bool negative) {
    char s[24];
    char *p = s + sizeof(s);
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    if (negative) {
        *--p = '-';
    }
    buf_put(out, p, (size_t)(s + sizeof(s) - p));
}

static void put_scalar(struct buf *out, const struct mp_item *item) {
    switch (item->type) {
    case MP_NIL:
        buf_put(out, "null", 4);
        break;
    case MP_BOOL:
        buf_put_str(out, item->boolean ? "true" : "false");
        break;
    case MP_UINT:
        put_uint(out, item->uint, false);
        break;
    case MP_INT:
        put_uint(out, 0 - (uint64_t)item->sint, true);
        break;
    case MP_FLOAT:
        put_float(out, item->real);
        break;
    case MP_STR:
        json_put_str(out, item->data);
        break;
    case MP_BIN:
        put_bin(out, item->data);
        break;
    case MP_ARRAY:
    case MP_MAP:
        break;
    }
}

static void put_new_line(struct writer *w) {
    static const char spaces[] = "                                                                ";
    if (w->style == JSON_LINE) return;
    buf_put_u8(w->out, '\n');
    for (size_t n = (size_t)w->top * 2; n > 0;) {
        size_t some = n < sizeof(spaces) - 1 ? n : sizeof(spaces) - 1;
        buf_put(w->out, spaces, some);
        n -= some;
    }
}

/* Writes the separator and indent before an item of the container f. */
static void put_separator(struct writer *w, struct frame *f) {
    if (f->map && f->left % 2 == 1) {
        buf_put(w->out, ": ", w->style == JSON_PRETTY ? 2 : 1);
        return;
    }
    if (!f->empty) {
        buf_put_u8(w->out, ',');
    }
    f->empty = false;
    put_new_line(w);
}

static int open_container(struct writer *w, const struct mp_item *item, struct err *err) {
    if (w->top == WRITE_DEPTH_MAX) {
        return err_set(err, ERR_CORRUPT, "nested deeper than %d levels", WRITE_DEPTH_MAX);
    }
    struct frame *f = &w->stack[w->top++];
    f->map = item->type == MP_MAP;
    f->left = f->map ? (uint64_t)item->count * 2 : item->count;
    f->empty = true;
    buf_put_u8(w->out, f->map ? '{' : '[');
    return 0;
}

static void close_containers(struct writer *w) {
    while (w->top > 0 && w->stack[w->top - 1].left == 0) {
        const struct frame *f = &w->stack[--w->top];
        if (!f->empty) {
            put_new_line(w);
        }
        buf_put_u8(w->out, f->map ? '}' : ']');
    }
}

static int put_item(struct writer *w, struct mp_reader *r, struct err *err) {
    do {
        struct mp_item item;
        size_t at = (size_t)(r->p - r->start);
        int rc = mp_next(r, &item, err);
        if (rc != 0) {
            return rc < 0 ? rc : err_set(err, ERR_CORRUPT, "byte %zu: the input ends where an item is expected", at);
        }
        if (w->top > 0) {
            struct frame *f = &w->stack[w->top - 1];
            if (f->map && f->left % 2 == 0 && item.type != MP_STR) {
                return err_set(err, ERR_CORRUPT, "byte %zu: a map key is not text", at);
            }
            put_separator(w, f);
            f->left--;
        }
        if (item.type != MP_ARRAY && item.type != MP_MAP) {
            put_scalar(w->out, &item);
        } else if ((rc = open_container(w, &item, err)) != 0) {
            return rc;
        }
        close_containers(w);
    } while (w->top > 0 && w->out->fail == 0);
    return buf_check(w->out, "JSON text", err);
}

int json_from_mp(struct bytes mp, enum json_style style, struct buf *out, struct err *err) {
    struct locale_c locale;
    int rc = locale_c_begin(&locale, err);
    if (rc != 0) return rc;
    struct writer w = {.out = out, .style = style};
    struct mp_reader r;
    size_t n = out->n;
    mp_reader_init(&r, mp);
    rc = put_item(&w, &r, err);
    if (rc == 0 && r.p != r.end) {
        rc = err_set(err, ERR_CORRUPT, "byte %zu: bytes follow the item", (size_t)(r.p - r.start));
    }
    if (rc != 0) {
        out->n = n;
    }
    locale_c_end(&locale);
    return rc;
}
