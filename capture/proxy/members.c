/* Depth and quotes are followed byte by byte. */
#include "capture/proxy/members.h"

#include <string.h>

#define DEPTH_MAX 100000
#define LONG_S    0x17f  /* c5 bf */
#define KELVIN    0x212a /* e2 84 aa */
#define OTHER     0x80   /* instead of a character that is in no name that is looked for */

void members_init(struct members *m, void (*take)(void *ctx, const char *name, struct bytes json), void *ctx) {
    memset(m, 0, sizeof(*m));
    m->take = take;
    m->ctx = ctx;
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void keep(struct members *m, uint8_t c) {
    if (m->value_n < sizeof(m->value)) {
        m->value[m->value_n++] = c;
    } else {
        m->too_long = true;
    }
}

static void end_value(struct members *m) {
    if (m->has_name && !m->too_long && m->value_n > 0) {
        m->take(m->ctx, m->name, (struct bytes){m->value, m->value_n});
    }
    m->has_name = m->wants_value = m->too_long = false;
    m->value_n = 0;
}

static void keep_name(struct members *m, uint8_t c) {
    if (m->name_n == sizeof(m->name) - 1) {
        m->too_long = true;
    } else {
        m->name[m->name_n++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c < ' ' ? OTHER : c);
    }
}

/* The characters of more than one byte that fold to a letter. */
static void fold_name(struct members *m) {
    static const struct { char bytes[4], folded; } all[] = {{"\xc5\xbf", 's'}, {"\xe2\x84\xaa", 'k'}};
    m->name[m->name_n] = '\0';
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        for (char *at = m->name; (at = strstr(at, all[i].bytes)) != NULL; at++) {
            size_t n = strlen(all[i].bytes);
            *at = all[i].folded;
            memmove(at + 1, at + n, strlen(at + n) + 1);
        }
    }
}

static void put_escaped(struct members *m, uint8_t c) {
    m->digits = c == 'u' ? 4 : 0;
    m->unit = 0;
    if (c != 'u') keep_name(m, c == '"' || c == '\\' || c == '/' ? c : OTHER);
}

/* False: not a digit. */
static bool put_digit(struct members *m, uint8_t c) {
    unsigned letter = (c | 0x20U) - 'a', digit = c - (unsigned)'0';
    if (digit > 9 && letter > 5) {
        m->digits = 0;
        return false;
    }
    m->unit = m->unit << 4 | (digit <= 9 ? digit : letter + 10);
    if (--m->digits == 0) {
        keep_name(m, (uint8_t)(m->unit == LONG_S ? 's' : m->unit == KELVIN ? 'k' : m->unit < 0x80 ? m->unit : OTHER));
    }
    return true;
}

static void put_name(struct members *m, uint8_t c) {
    if (m->digits > 0 && put_digit(m, c)) return;
    if (c == '"') {
        m->in_text = m->is_name = false;
        m->has_name = !m->too_long;
        m->too_long = false;
        fold_name(m);
        if (m->has_name && m->named != NULL) m->named(m->ctx, m->name);
    } else if (c == '\\') {
        m->escaped = true;
    } else {
        keep_name(m, c);
    }
}

static void put_text(struct members *m, uint8_t c) {
    bool escaped = m->escaped, top = m->depth == 1;
    m->escaped = false;
    if (m->is_name) {
        if (escaped) {
            put_escaped(m, c);
        } else {
            put_name(m, c);
        }
        return;
    }
    if (top) keep(m, c);
    if (escaped) return;
    m->escaped = c == '\\';
    if (c == '"') {
        m->in_text = false;
        if (top) end_value(m);
    }
}

static void open_quotes(struct members *m) {
    m->in_text = true;
    if (m->depth != 1) return;
    m->is_name = !m->wants_value;
    if (m->is_name) {
        m->name_n = m->digits = 0;
        m->has_name = m->too_long = false;
    } else {
        m->value_n = 0;
        keep(m, '"');
    }
}

static void put_open(struct members *m, uint8_t c) {
    m->begun = true;
    m->bad = (m->depth == 0 && c != '{') || m->depth == DEPTH_MAX;
    m->has_name = m->wants_value = false; /* not a scalar */
    m->value_n = 0;
    m->depth++;
}

static void put_close(struct members *m) {
    if (m->depth == 1 && m->wants_value) end_value(m);
    if (m->depth > 0) m->depth--;
    m->ended = m->depth == 0;
}

static void put_byte(struct members *m, uint8_t c) {
    if (m->in_text) {
        put_text(m, c);
    } else if (c == '{' || c == '[') {
        put_open(m, c);
    } else if (!m->begun) {
        m->bad = !is_space(c);
    } else if (c == '}' || c == ']') {
        put_close(m);
    } else if (c == '"') {
        open_quotes(m);
    } else if (m->depth == 1 && c == ':') {
        m->wants_value = true;
        m->value_n = 0;
    } else if (m->depth == 1 && c == ',') {
        end_value(m);
    } else if (m->depth == 1 && m->wants_value && !is_space(c)) {
        keep(m, c);
    }
}

void members_put(struct members *m, struct bytes piece) {
    for (size_t i = 0; i < piece.n && !m->bad && !m->ended; i++) {
        /* Long texts below the top are most of a request: look only for what ends them. */
        if (m->in_text && !m->escaped && m->depth > 1) {
            while (i < piece.n && piece.p[i] != '"' && piece.p[i] != '\\') {
                i++;
            }
            if (i == piece.n) return;
        }
        put_byte(m, piece.p[i]);
    }
}
