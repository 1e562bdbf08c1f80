/* One row for each type: its words, its pattern, its check. The patterns are for editors and other programs and say no
 * less than the checks accept; the checks decide. */
#include "packs/manifest/value.h"

#include "base/text.h"
#include "base/version.h"
#include "ledger/tree/note.h"

static bool only(struct bytes text, const char *set) {
    for (size_t i = 0; i < text.n; i++) {
        if (bytes_find(bytes_of(set), text.p[i]) == NULL) return false;
    }
    return text.n > 0;
}

#define DIGITS  "0123456789"
#define LOWER   "abcdefghijklmnopqrstuvwxyz" DIGITS
#define LETTERS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char *line_fault(struct bytes text) {
    if (text_is_blank(text)) return "is empty";
    return text_has_control(text) ? "has control characters or more than one line" : NULL;
}

static const char *name_fault(struct bytes text) {
    if (text.n == 0) return "is empty";
    if (text.n > VALUE_NAME_MAX) return "has more than 64 characters";
    if (!only(text, LOWER "._-+")) return "has a character other than a-z, 0-9, '-', '_', '.' and '+'";
    return bytes_find(bytes_of(LOWER), text.p[0]) == NULL ? "does not begin with a letter or digit" : NULL;
}

static const char *semver_fault(struct bytes text) {
    return version_fault(VERSION_SEMVER, text);
}

static const char *digest_fault(struct bytes text) {
    uint8_t hash[32];
    bool good = bytes_has_prefix(text, "sha256:") && text_unhex(hash, 32, (struct bytes){text.p + 7, text.n - 7}) == 0;
    return good ? NULL : "is not sha256: and 64 lower-case hex digits";
}

static const char *media_fault(struct bytes text) {
    const uint8_t *slash = bytes_find(text, '/');
    static const char set[] = LETTERS "!#$&-^_.+";
    if (slash == NULL || text.n > 127) return "is not a media type (expected TYPE/SUBTYPE)";
    const struct bytes type = {text.p, (size_t)(slash - text.p)}, sub = {slash + 1, text.n - type.n - 1};
    return only(type, set) && only(sub, set) ? NULL : "is not a media type (expected TYPE/SUBTYPE)";
}

/* Segments without '.' and '..'; `from` is where the first begins. */
static const char *segments_fault(struct bytes text, size_t from) {
    for (size_t start = from, i = from; i <= text.n; i++) {
        if (i < text.n && text.p[i] != '/') continue;
        const struct bytes segment = {text.p + start, i - start};
        if (segment.n == 0) return "has an empty segment";
        if (bytes_is(segment, ".") || bytes_is(segment, "..")) return "has a '.' or '..' segment";
        start = i + 1;
    }
    return NULL;
}

static const char *path_fault(struct bytes text) {
    const char *fault = line_fault(text);
    if (fault != NULL) return fault;
    if (text.p[0] == '/') return "is absolute (expected a path from the directory of this file)";
    return bytes_find(text, '\\') != NULL ? "has a backslash" : segments_fault(text, 0);
}

static const char *program_fault(struct bytes text) {
    const char *fault = line_fault(text);
    if (fault != NULL) return fault;
    if (text.p[0] == '-') return "begins with '-'";
    return bytes_find(text, '\\') != NULL ? "has a backslash" : segments_fault(text, text.p[0] == '/');
}

static const char *url_fault(struct bytes text) {
    const char *fault = line_fault(text);
    size_t scheme = bytes_has_prefix(text, "http://") ? 7 : bytes_has_prefix(text, "https://") ? 8 : 0;
    if (fault != NULL) return fault;
    if (scheme == 0 || text.n == scheme || text.p[scheme] == '/')
        return "is not a URL (expected http:// or https:// and a host)";
    if (bytes_find(text, '@') != NULL) return "has a user part";
    return bytes_find(text, ' ') != NULL ? "has a blank" : NULL;
}

static const char *size_fault(struct bytes text) {
    uint64_t bytes;
    return value_size(text, &bytes) == 0 ? NULL : "is not a size (expected bytes, or a number and KiB, MiB, GiB or TiB)";
}

static const char *duration_fault(struct bytes text) {
    uint64_t ns;
    return text_parse_duration(text, &ns) == 0 && ns > 0
               ? NULL
               : "is not a length of time (expected a number and s, m, h, d or w)";
}

static const char *lines_fault(struct bytes text) {
    (void)text;
    return NULL;
}

static const char *scope_text_fault(struct bytes text) {
    return text_has_control(text) ? "has control characters or more than one line" : NULL;
}

static const struct {
    const char *words, *pattern;
    const char *(*fault)(struct bytes text);
} types[] = {
    [FIELD_TEXT] = {"one line of text", "^[^\\u0000-\\u001f]+$", line_fault},
    [FIELD_WORD] = {"one of", NULL, NULL},
    [FIELD_NAME] = {"a name", "^[a-z0-9][a-z0-9._+-]{0,63}$", name_fault},
    [FIELD_VERSION] = {"a version", "^[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?$", semver_fault},
    [FIELD_RANGE] = {"a range of versions", "^[^\\u0000-\\u001f]+$", line_fault},
    [FIELD_DIGEST] = {"a digest", "^sha256:[0-9a-f]{64}$", digest_fault},
    [FIELD_KEYNAME] = {"the name of a key", "^[^\\s+]{1,256}$", note_name_fault},
    [FIELD_MEDIA] = {"a media type", "^[!#$&^_.+0-9A-Za-z-]+/[!#$&^_.+0-9A-Za-z-]+$", media_fault},
    [FIELD_PATH] = {"a file, from the directory of this one", "^[^/\\\\\\u0000-\\u001f][^\\\\\\u0000-\\u001f]*$",
                    path_fault},
    [FIELD_PROGRAM] = {"a program", "^[^-\\\\\\u0000-\\u001f][^\\\\\\u0000-\\u001f]*$", program_fault},
    [FIELD_URL] = {"a URL", "^https?://[^/@ ][^@ ]*$", url_fault},
    [FIELD_SCOPE] = {"a scope", "^[^\\u0000-\\u001f]*$", scope_text_fault},
    [FIELD_LINES] = {"text", NULL, lines_fault},
    [FIELD_TEXTS] = {"a list of texts", NULL, NULL},
    [FIELD_NAMES] = {"a list of names", NULL, NULL},
    [FIELD_BOOL] = {"true or false", NULL, NULL},
    [FIELD_SIZE] = {"a size", "^[1-9][0-9]* ?(KiB|MiB|GiB|TiB)?$", size_fault},
    [FIELD_DURATION] = {"a length of time", "^[0-9]+(\\.[0-9]+)?[smhdw]$", duration_fault},
    [FIELD_COUNT] = {"a whole number from 1", NULL, NULL},
    [FIELD_INTEGER] = {"a whole number", NULL, NULL},
    [FIELD_NUMBER] = {"a number", NULL, NULL},
    [FIELD_VALUE] = {"a value", NULL, NULL},
    [FIELD_MAP] = {"a map", NULL, NULL},
    [FIELD_MAPS] = {"a list of maps", NULL, NULL},
    [FIELD_ROWS] = {"a list of maps, or the name of a file of JSON Lines", NULL, NULL},
};

const char *value_pattern(enum field_type type) {
    return types[type].pattern;
}

const char *value_words(enum field_type type) {
    return types[type].words;
}

const char *value_fault(enum field_type type, struct bytes text) {
    return types[type].fault(text);
}

int value_size(struct bytes text, uint64_t *ret) {
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    size_t n = 0;
    uint64_t number;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9') {
        n++;
    }
    struct bytes unit = {text.p + n, text.n - n};
    if (unit.n > 1 && unit.p[0] == ' ') {
        unit = (struct bytes){unit.p + 1, unit.n - 1};
    }
    if (text_parse_u64((struct bytes){text.p, n}, &number) != 0 || number == 0) return ERR_INVALID;
    for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!bytes_is(unit, units[i])) continue;
        if (number > (uint64_t)INT64_MAX >> (10 * i)) return ERR_INVALID;
        *ret = number << (10 * i);
        return 0;
    }
    return ERR_INVALID;
}
