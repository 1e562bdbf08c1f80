/* Field names are not searched: they are the same in all events of a kind. */
#include "cli/log/grep.h"

#include <string.h>

#include "base/mp.h"

static uint8_t fold(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool has(struct bytes in, const char *text) {
    size_t n = strlen(text);
    for (size_t at = 0; at + n <= in.n; at++) {
        size_t i = 0;
        while (i < n && fold(in.p[at + i]) == fold((uint8_t)text[i])) {
            i++;
        }
        if (i == n) return true;
    }
    return false;
}

bool grep_map(struct bytes map, const char *text) {
    struct mp_reader reader;
    struct mp_item item;
    uint32_t left[MP_DEPTH_MAX + 1]; /* items of each open map or array */
    bool is_map[MP_DEPTH_MAX + 1];
    size_t depth = 0;
    mp_reader_init(&reader, map);
    while (mp_next(&reader, &item, NULL) == 0) {
        bool name = depth > 0 && is_map[depth - 1] && left[depth - 1] % 2 == 0;
        if (item.type == MP_STR && !name && has(item.data, text)) return true;
        if (depth > 0) {
            left[depth - 1]--;
        }
        if (item.type == MP_MAP || item.type == MP_ARRAY) {
            if (depth > MP_DEPTH_MAX) return false;
            is_map[depth] = item.type == MP_MAP;
            left[depth++] = item.type == MP_MAP ? 2 * item.count : item.count;
        }
        while (depth > 0 && left[depth - 1] == 0) {
            depth--;
        }
        if (depth == 0) return false;
    }
    return false;
}
