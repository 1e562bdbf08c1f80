/* A scanner with one state for what JSON needs next, a bit per open bracket for its form, and for the outermost brackets
 * their role in the specification. It can stop after any byte and continue when more has arrived. */
#include "ingest/otlp/cut.h"

#include <string.h>

#include "base/text.h"

enum expect { WANT_DOCUMENT, WANT_VALUE, WANT_VALUE_OR_END, WANT_KEY, WANT_KEY_OR_END, WANT_COLON, WANT_COMMA_OR_END };
enum role { OTHER, ROOT, RESOURCES, RESOURCE_ENTRY, SCOPES, SCOPE_ENTRY, RECORDS, RECORD };
enum key {
    NO_KEY,
    RESOURCE_SPANS,
    RESOURCE_LOGS,
    RESOURCE_METRICS,
    RESOURCE,
    SCOPE_PARTS,
    SCOPE,
    SPANS,
    LOG_RECORDS,
    METRICS,
    SPAN_ID,
    PARENT_ID,
    START_TIME
};
enum capture { NOTHING, THE_RESOURCE, THE_SCOPE, THE_RECORD };

/* The names that matter, and where they are members. Before 2022 a scope was called an instrumentation library. */
static const struct name {
    const char *text;
    enum role in;
    enum key key;
} names[] = {{"resourceSpans", ROOT, RESOURCE_SPANS},
             {"resourceLogs", ROOT, RESOURCE_LOGS},
             {"resourceMetrics", ROOT, RESOURCE_METRICS},
             {"resource", RESOURCE_ENTRY, RESOURCE},
             {"scopeSpans", RESOURCE_ENTRY, SCOPE_PARTS},
             {"scopeLogs", RESOURCE_ENTRY, SCOPE_PARTS},
             {"scopeMetrics", RESOURCE_ENTRY, SCOPE_PARTS},
             {"instrumentationLibrarySpans", RESOURCE_ENTRY, SCOPE_PARTS},
             {"instrumentationLibraryLogs", RESOURCE_ENTRY, SCOPE_PARTS},
             {"instrumentationLibraryMetrics", RESOURCE_ENTRY, SCOPE_PARTS},
             {"scope", SCOPE_ENTRY, SCOPE},
             {"instrumentationLibrary", SCOPE_ENTRY, SCOPE},
             {"spans", SCOPE_ENTRY, SPANS},
             {"logRecords", SCOPE_ENTRY, LOG_RECORDS},
             {"metrics", SCOPE_ENTRY, METRICS},
             {"spanId", RECORD, SPAN_ID},
             {"parentSpanId", RECORD, PARENT_ID},
             {"startTimeUnixNano", RECORD, START_TIME},
             {"timeUnixNano", RECORD, START_TIME}};

/* ---- helpers ------------------------------------------------------------------------------------------------------ */

static int wrong(const struct otlp_cut *cut, size_t at, const char *what, struct err *err) {
    return err_set(err, ERR_INVALID, "line %u column %zu: %s", cut->line + 1, at - cut->line_at + 1, what);
}

static bool in_object(const struct otlp_cut *cut) {
    return cut->is_object[(cut->depth - 1) / 8] >> ((cut->depth - 1) % 8) & 1;
}

static enum role role_here(const struct otlp_cut *cut) {
    return cut->depth > 0 && cut->depth <= sizeof(cut->roles) ? (enum role)cut->roles[cut->depth - 1] : OTHER;
}

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The first byte at or after i that is a quote, a backslash or a control character; eight at a time. */
static size_t plain_end(const uint8_t *p, size_t i, size_t n) {
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    for (; i + 8 <= n; i += 8) {
        uint64_t v, quote, slash;
        memcpy(&v, p + i, 8);
        quote = v ^ (ones * '"');
        slash = v ^ (ones * '\\');
        uint64_t hit = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((v - ones * 0x20) & ~v);
        if ((hit & highs) != 0) break;
    }
    while (i < n && p[i] != '"' && p[i] != '\\' && p[i] >= 0x20) {
        i++;
    }
    return i;
}

static bool is_number(struct bytes t) {
    size_t i = t.n > 0 && t.p[0] == '-';
    size_t digits = i;
    while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9') {
        i++;
    }
    if (i == digits || (t.p[digits] == '0' && i > digits + 1)) return false;
    if (i < t.n && t.p[i] == '.') {
        for (digits = ++i; i < t.n && t.p[i] >= '0' && t.p[i] <= '9'; i++) {
        }
        if (i == digits) return false;
    }
    if (i < t.n && (t.p[i] == 'e' || t.p[i] == 'E')) {
        i++;
        i += i < t.n && (t.p[i] == '+' || t.p[i] == '-');
        for (digits = i; i < t.n && t.p[i] >= '0' && t.p[i] <= '9'; i++) {
        }
        if (i == digits) return false;
    }
    return i == t.n;
}

/* ---- names and roles ---------------------------------------------------------------------------------------------- */

static void set_key(struct otlp_cut *cut, struct bytes text) {
    enum role role = role_here(cut);
    cut->key = NO_KEY;
    if (role == OTHER) return;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].in == role && bytes_is(text, names[i].text)) {
            cut->key = names[i].key;
            return;
        }
    }
}

/* An id of 16 hex digits as a number; 0 when it is invalid. */
static uint64_t id_of(struct bytes text) {
    uint64_t v = 0;
    for (size_t i = 0; i < text.n && text.n == 16; i++) {
        uint8_t c = text.p[i] | 0x20;
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return 0;
        v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return v;
}

/* A string (without its quotes) or a number as the value of a record's member. */
static void set_scalar(struct otlp_cut *cut, struct bytes text) {
    uint64_t time = 0;
    if (role_here(cut) != RECORD) return;
    if (cut->key == SPAN_ID) {
        cut->ids[0] = id_of(text);
    } else if (cut->key == PARENT_ID) {
        cut->ids[1] = id_of(text);
    } else if (cut->key == START_TIME && text_parse_u64(text, &time) == 0) {
        cut->ids[2] = time;
    }
}

/* The role of a value that begins here. */
static enum role role_of(const struct otlp_cut *cut) {
    switch (role_here(cut)) {
    case ROOT:
        return cut->key == RESOURCE_SPANS || cut->key == RESOURCE_LOGS || cut->key == RESOURCE_METRICS ? RESOURCES : OTHER;
    case RESOURCES:
        return RESOURCE_ENTRY;
    case RESOURCE_ENTRY:
        return cut->key == SCOPE_PARTS ? SCOPES : OTHER;
    case SCOPES:
        return SCOPE_ENTRY;
    case SCOPE_ENTRY:
        return cut->key == SPANS || cut->key == LOG_RECORDS || cut->key == METRICS ? RECORDS : OTHER;
    case RECORDS:
        return RECORD;
    default:
        return OTHER;
    }
}

static int check_form(const struct otlp_cut *cut, enum role role, uint8_t first, size_t at, struct err *err) {
    if (first == 'n' || role == OTHER || role == RECORD) {
        return 0; /* null counts as absent; a bad record is rejected by itself */
    }
    bool array = role == RESOURCES || role == SCOPES || role == RECORDS;
    if (first == (array ? '[' : '{')) return 0;
    return wrong(cut, at, array ? "this name needs an array" : "this array takes objects only", err);
}

static int begin_part(struct otlp_cut *cut, enum role role, struct err *err) {
    return role == RESOURCE_ENTRY ? otlp_cut_add_resource(cut, err)
           : role == SCOPE_ENTRY  ? otlp_cut_add_scope(cut, err)
                                  : 0;
}

/* A value begins at `at`. */
static int value_begins(struct otlp_cut *cut, uint8_t first, size_t at, enum role *ret_role, struct err *err) {
    enum role here = role_here(cut), role = role_of(cut);
    int rc = check_form(cut, role, first, at, err);
    if (rc == 0 && first == '{') rc = begin_part(cut, role, err);
    if (rc != 0) return rc;
    if (here == ROOT) {
        cut->has |= cut->key == RESOURCE_SPANS     ? OTLP_HAS_SPANS
                    : cut->key == RESOURCE_LOGS    ? OTLP_HAS_LOGS
                    : cut->key == RESOURCE_METRICS ? OTLP_HAS_METRICS
                                                   : 0;
    }
    if (role == RECORDS) {
        cut->record_type = cut->key == SPANS ? OTLP_SPAN : cut->key == METRICS ? OTLP_METRIC : OTLP_LOG;
    }
    cut->values += cut->values <= OTLP_METRIC_VALUES_MAX;
    if (cut->capture == NOTHING) {
        cut->capture = role == RECORD                                   ? THE_RECORD
                       : here == RESOURCE_ENTRY && cut->key == RESOURCE ? THE_RESOURCE
                       : here == SCOPE_ENTRY && cut->key == SCOPE       ? THE_SCOPE
                                                                        : NOTHING;
        if (cut->capture != NOTHING) {
            cut->capture_depth = cut->depth;
            cut->capture_at = at;
            cut->capture_line = cut->line;
            cut->values = 1;
            memset(cut->ids, 0, sizeof(cut->ids));
        }
    }
    *ret_role = role;
    return 0;
}

static int end_record(struct otlp_cut *cut, struct otlp_text text, struct err *err) {
    bool span = cut->record_type == OTLP_SPAN;
    const struct otlp_relation relation = {
        .id = span ? cut->ids[0] : 0, .parent = span ? cut->ids[1] : cut->ids[0], .start = cut->ids[2]};
    const struct otlp_record record = {
        .text = text, .line = cut->capture_line, .values = (uint16_t)cut->values, .type = (uint16_t)cut->record_type};
    return otlp_cut_add_record(cut, &record, &relation, err);
}

/* A value ended before `end`. */
static int value_ends(struct otlp_cut *cut, size_t end, struct err *err) {
    cut->expect = WANT_COMMA_OR_END;
    if (cut->capture == NOTHING || cut->depth != cut->capture_depth) return 0;
    enum capture what = (enum capture)cut->capture;
    struct otlp_text text = {(uint32_t)cut->capture_at, (uint32_t)(end - cut->capture_at)};
    cut->capture = NOTHING;
    if (what == THE_RESOURCE) {
        cut->resources[cut->n_resources - 1] = text;
    } else if (what == THE_SCOPE) {
        cut->scopes[cut->n_scopes - 1].text = text;
    } else {
        return end_record(cut, text, err);
    }
    return 0;
}

/* ---- the scanner -------------------------------------------------------------------------------------------------- */

static int open_bracket(struct otlp_cut *cut, uint8_t c, size_t at, struct err *err) {
    enum role role = OTHER;
    if (cut->depth == OTLP_DEPTH_MAX) return wrong(cut, at, "nested deeper than 512 levels", err);
    if (cut->expect == WANT_DOCUMENT) {
        role = ROOT;
    } else {
        int rc = value_begins(cut, c, at, &role, err);
        if (rc != 0) return rc;
    }
    unsigned bit = cut->depth % 8;
    uint8_t *form = &cut->is_object[cut->depth / 8];
    *form = (uint8_t)((*form & ~(1U << bit)) | (unsigned)(c == '{') << bit);
    if (cut->depth < sizeof(cut->roles)) {
        cut->roles[cut->depth] = (uint8_t)role;
    }
    cut->depth++;
    cut->expect = c == '{' ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
    return 0;
}

/* 1: the document is complete. */
static int close_bracket(struct otlp_cut *cut, uint8_t c, size_t at, struct err *err) {
    bool object = in_object(cut);
    bool empty = cut->expect == (object ? WANT_KEY_OR_END : WANT_VALUE_OR_END);
    if ((c == '}') != object || (cut->expect != WANT_COMMA_OR_END && !empty)) {
        return wrong(cut, at, "a closing bracket in the wrong place", err);
    }
    cut->depth--;
    int rc = value_ends(cut, at + 1, err);
    if (rc == 0) rc = cut->depth == 0;
    return rc;
}

/* The rest of a string, from *at on. 1: its end has not arrived yet. */
static int scan_string(struct otlp_cut *cut, struct bytes text, size_t *at, struct err *err) {
    size_t i = *at;
    for (;;) {
        i = plain_end(text.p, i, text.n);
        if (i < text.n && text.p[i] == '\\' && i + 1 < text.n) {
            i += 2;
            continue;
        }
        *at = i;
        if (i == text.n || text.p[i] == '\\') return 1;
        if (text.p[i] != '"') return wrong(cut, i, "a control character in a string", err);
        break;
    }
    struct bytes inside = {text.p + cut->token_at, i - cut->token_at};
    *at = i + 1;
    cut->in_string = false;
    if (cut->expect == WANT_COLON) {
        set_key(cut, inside);
        return 0;
    }
    set_scalar(cut, inside);
    return value_ends(cut, *at, err);
}

static int begin_string(struct otlp_cut *cut, size_t *at, struct err *err) {
    enum role role;
    if (cut->expect == WANT_KEY || cut->expect == WANT_KEY_OR_END) {
        cut->expect = WANT_COLON;
    } else if (cut->expect == WANT_VALUE || cut->expect == WANT_VALUE_OR_END) {
        int rc = value_begins(cut, '"', *at, &role, err);
        if (rc != 0) return rc;
    } else {
        return wrong(cut, *at, "a string in the wrong place", err);
    }
    cut->in_string = true;
    cut->token_at = ++*at;
    return 0;
}

/* A number, true, false or null. 1: its end has not arrived yet. */
static int scan_scalar(struct otlp_cut *cut, struct bytes text, size_t *at, struct err *err) {
    enum role role;
    size_t i = *at;
    while (i < text.n &&
           memchr("+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", text.p[i], 65) != NULL) {
        i++;
    }
    struct bytes token = {text.p + *at, i - *at};
    if (token.n == 0) return wrong(cut, *at, "not a JSON value", err);
    if (cut->expect != WANT_VALUE && cut->expect != WANT_VALUE_OR_END) {
        return wrong(cut, *at, "a value in the wrong place", err);
    }
    if (i == text.n) {
        return token.n <= 1024 ? 1 : wrong(cut, *at, "a number of more than 1024 digits", err);
    }
    bool known = bytes_is(token, "true") || bytes_is(token, "false") || bytes_is(token, "null") || is_number(token);
    if (!known && cut->capture == NOTHING && role_here(cut) != RECORDS) {
        return wrong(cut, *at, "not a JSON value", err); /* inside a record its own parser reports it (NaN) */
    }
    int rc = value_begins(cut, token.p[0], *at, &role, err);
    if (rc != 0) return rc;
    set_scalar(cut, token);
    *at = i;
    return value_ends(cut, i, err);
}

/* At an opening brace: whether another document begins here, on a line of its own, because this one was cut off between two
 * records. 1: too few bytes to tell. */
static int check_fresh(const struct otlp_cut *cut, struct bytes text, size_t at, struct err *err) {
    static const char *const begins[] = {"{\"resourceSpans\"", "{\"resourceLogs\"", "{\"resourceMetrics\""};
    if (cut->depth == 0 || cut->line == 0 || at != cut->line_at) return 0;
    struct bytes rest = {text.p + at, text.n - at};
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        size_t n = strlen(begins[i]);
        if (memcmp(rest.p, begins[i], rest.n < n ? rest.n : n) == 0) {
            return rest.n < n ? 1 : wrong(cut, at, "a document begins before the previous one has ended", err);
        }
    }
    return 0;
}

static int punctuation(struct otlp_cut *cut, uint8_t c, size_t at, struct err *err) {
    if (c == ':' && cut->expect == WANT_COLON) {
        cut->expect = WANT_VALUE;
    } else if (c == ',' && cut->expect == WANT_COMMA_OR_END) {
        cut->expect = in_object(cut) ? WANT_KEY : WANT_VALUE;
    } else {
        return wrong(cut, at, c == ':' ? "a colon in the wrong place" : "a comma in the wrong place", err);
    }
    return 0;
}

/* One token at *at, which is not white space. 1: the end of the document, or of what has arrived of it. */
static int scan_token(struct otlp_cut *cut, struct bytes text, size_t *at, struct err *err) {
    uint8_t c = text.p[*at];
    int rc;
    if (cut->expect == WANT_DOCUMENT && c != '{') {
        return wrong(cut, *at, "a document is a JSON object", err);
    }
    switch (c) {
    case '{':
    case '[':
        if (cut->expect != WANT_VALUE && cut->expect != WANT_VALUE_OR_END && cut->expect != WANT_DOCUMENT) {
            return wrong(cut, *at, "an opening bracket in the wrong place", err);
        }
        rc = c == '{' ? check_fresh(cut, text, *at, err) : 0;
        if (rc == 0) {
            rc = open_bracket(cut, c, *at, err);
            ++*at;
        }
        return rc;
    case '}':
    case ']':
        rc = close_bracket(cut, c, *at, err);
        ++*at;
        return rc;
    case ':':
    case ',':
        rc = punctuation(cut, c, *at, err);
        ++*at;
        return rc;
    case '"':
        rc = begin_string(cut, at, err);
        if (rc == 0) rc = scan_string(cut, text, at, err);
        return rc;
    default:
        return scan_scalar(cut, text, at, err);
    }
}

int otlp_cut_feed(struct otlp_cut *cut, struct bytes text, struct err *err) {
    size_t at = cut->end;
    int rc = cut->in_string ? scan_string(cut, text, &at, err) : 0;
    while (rc == 0) {
        for (; at < text.n && is_blank(text.p[at]); at++) {
            if (text.p[at] == '\n') {
                cut->line++;
                cut->line_at = at + 1;
            }
        }
        rc = at == text.n ? 1 : scan_token(cut, text, &at, err);
    }
    cut->end = at;
    if (rc == 1 && cut->depth == 0 && cut->expect == WANT_COMMA_OR_END) return 0;
    return rc;
}
