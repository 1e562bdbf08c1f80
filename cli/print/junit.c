/* The counts are attributes of the element around the cases, so the cases are kept until the end. */
#include "cli/print/junit.h"

#include <math.h>

#include "base/text.h"

#define JUNIT_MAX ((size_t)1 << 30)

void junit_init(struct junit *junit) {
    *junit = (struct junit){.n = 0};
    buf_init(&junit->cases, JUNIT_MAX);
}

void junit_done(struct junit *junit) {
    buf_done(&junit->cases);
}

/* How many bytes the character at p takes, and whether XML 1.0 (section 2.2) allows it; C1 controls are left out too. The text
 * is UTF-8, which every text of an event is. */
static size_t look(struct bytes text, bool *ret_allowed) {
    uint8_t first = text.p[0];
    size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (n > text.n) {
        n = text.n;
        *ret_allowed = false;
    } else if (n == 1) {
        *ret_allowed = first >= 0x20 && first != 0x7f;
    } else if (n == 2) {
        *ret_allowed = first >= 0xc2 && !(first == 0xc2 && text.p[1] < 0xa0);
    } else if (n == 3) { /* U+FFFE, U+FFFF */
        *ret_allowed = !(first == 0xef && text.p[1] == 0xbf && text.p[2] >= 0xbe);
    } else {
        *ret_allowed = true;
    }
    return n;
}

static void put_plain(struct buf *out, struct bytes text) {
    while (text.n > 0) {
        bool allowed = false;
        size_t n = look(text, &allowed);
        switch (allowed ? text.p[0] : 0) {
        case 0:
            break;
        case '&':
            buf_put_str(out, "&amp;");
            break;
        case '<':
            buf_put_str(out, "&lt;");
            break;
        case '>':
            buf_put_str(out, "&gt;");
            break;
        case '"':
            buf_put_str(out, "&quot;");
            break;
        default:
            buf_put(out, text.p, n);
        }
        text = (struct bytes){text.p + n, text.n - n};
    }
}

/* Format characters are shown as escapes, as everywhere. */
static void put_text(struct buf *out, struct bytes text) {
    struct buf safe = {.max = 8 * text.n + 16};
    int rc = text_safe_format(&safe, text);
    if (rc == 0) {
        put_plain(out, bytes_of_buf(&safe));
    } else {
        out->fail = rc;
    }
    buf_done(&safe);
}

void junit_case(struct junit *junit, struct bytes classname, struct bytes name, double seconds, enum junit_end end,
                struct bytes message) {
    static const char *const elements[] = {
        [JUNIT_PASSED] = "", [JUNIT_FAILURE] = "failure", [JUNIT_ERROR] = "error", [JUNIT_SKIPPED] = "skipped"};
    struct buf *out = &junit->cases;
    buf_put_str(out, "    <testcase classname=\"");
    put_text(out, classname);
    buf_put_str(out, "\" name=\"");
    put_text(out, name);
    buf_put_str(out, "\"");
    if (isfinite(seconds)) {
        buf_printf(out, " time=\"%.6f\"", seconds);
        junit->seconds += seconds;
    }
    if (end == JUNIT_PASSED) {
        buf_put_str(out, "/>\n");
    } else {
        buf_printf(out, "><%s message=\"", elements[end]);
        put_text(out, message);
        buf_put_str(out, "\"/></testcase>\n");
    }
    junit->n++;
    junit->end[end]++;
}

static void put_counts(const struct junit *junit, struct bytes suite, struct buf *out) {
    buf_put_str(out, " name=\"");
    put_text(out, suite);
    buf_printf(out, "\" tests=\"%llu\" failures=\"%llu\" errors=\"%llu\" skipped=\"%llu\" time=\"%.6f\">\n",
               (unsigned long long)junit->n, (unsigned long long)junit->end[JUNIT_FAILURE],
               (unsigned long long)junit->end[JUNIT_ERROR], (unsigned long long)junit->end[JUNIT_SKIPPED], junit->seconds);
}

int junit_write(const struct junit *junit, struct bytes suite, struct buf *out, struct err *err) {
    int rc = buf_check(&junit->cases, "the cases", err);
    if (rc != 0) return rc;
    buf_put_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    put_counts(junit, suite, out);
    buf_put_str(out, "  <testsuite");
    put_counts(junit, suite, out);
    buf_put_bytes(out, bytes_of_buf(&junit->cases));
    buf_put_str(out, "  </testsuite>\n</testsuites>\n");
    return buf_check(out, "the document", err);
}
