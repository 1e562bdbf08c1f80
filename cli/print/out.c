/* The only file that writes to standard output and standard error, so that no text can control a terminal: screen() passes
 * line ends and this program's own colours and makes all other control characters visible, wherever they come from. JSON
 * uses its own \u escapes, on a terminal and off it: it is the same JSON.
 *
 * Standard output is data that somebody may keep, so a failed write must not end in exit code 0: the first errno is kept in
 * the invocation, and cli_end turns it into the exit code. */
#include "cli/print/out.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define PROGRESS_AFTER CLOCK_NS_PER_S
#define PROGRESS_EVERY (CLOCK_NS_PER_S / 10)
#define PROGRESS_CELLS 24
#define COLUMNS_MIN    20 /* of a terminal */
#define COLUMNS_MAX    10000
#define ERROR_INDENT   "  "
#define SAFE_TIMES     ((size_t)6) /* bytes that one byte may become: \u0000 */

/* Output that failed is not retried, not even at exit, where an interrupted user would wait for it. */
void out_fail(struct cli *cli, int why) {
    if (cli->out_errno == 0) {
        cli->out_errno = why ? why : EIO;
    }
    __fpurge(stdout);
}

static void put(struct cli *cli, struct bytes data) {
    if (data.n > 0 && out_good(cli) && fwrite(data.p, 1, data.n, stdout) != data.n) {
        out_fail(cli, errno);
    }
}

static const char *const sequence[] = {
    [OUT_PLAIN] = "\x1b[0m", [OUT_BOLD] = "\x1b[1m",   [OUT_DIM] = "\x1b[2m",
    [OUT_RED] = "\x1b[31m",  [OUT_GREEN] = "\x1b[32m", [OUT_YELLOW] = "\x1b[33m",
};

/* The length of the line end or colour that the text begins with. */
static size_t own_sequence(struct bytes text) {
    if (text.n > 0 && text.p[0] == '\n') return 1;
    for (size_t i = 0; text.n > 0 && text.p[0] == 0x1b && i < sizeof(sequence) / sizeof(sequence[0]); i++) {
        if (bytes_has_prefix(text, sequence[i])) return strlen(sequence[i]);
    }
    return 0;
}

static int screen(struct buf *out, struct bytes text) {
    while (text.n > 0) {
        size_t n = own_sequence(text);
        if (n > 0) {
            buf_put(out, text.p, n);
        }
        text.p += n;
        text.n -= n;
        for (n = 0; n < text.n && own_sequence((struct bytes){text.p + n, text.n - n}) == 0; n++) {
        }
        text_safe(out, (struct bytes){text.p, n});
        text.p += n;
        text.n -= n;
    }
    return out->fail;
}

/* Is the text safe as it is? */
static bool is_plain(struct bytes text, bool lines) {
    return text_is_safe(text, lines);
}

void out_bytes(struct cli *cli, struct bytes text) {
    struct buf safe;
    if (is_plain(text, true)) {
        put(cli, text);
        return;
    }
    buf_init(&safe, SAFE_TIMES * text.n);
    if (screen(&safe, text) != 0) {
        out_fail(cli, ENOMEM);
    }
    put(cli, bytes_of_buf(&safe));
    buf_done(&safe);
}

void out_data(struct cli *cli, struct bytes data) {
    if (cli->out_tty) {
        out_safe_lines(cli, data, "");
    } else {
        put(cli, data);
    }
}

void out_str(struct cli *cli, const char *text) {
    out_bytes(cli, bytes_of(text));
}

void out_printf(struct cli *cli, const char *fmt, ...) {
    char small[512], *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof(small)) {
        va_start(ap, fmt);
        n = vasprintf(&text, fmt, ap);
        va_end(ap);
    }
    if (n < 0) {
        out_fail(cli, errno);
    } else {
        out_bytes(cli, (struct bytes){(const uint8_t *)(text ? text : small), (size_t)n});
    }
    free(text);
}

void out_field(struct cli *cli, const char *name, int width, const char *value) {
    out_printf(cli, "%-*s ", width, name);
    out_safe(cli, bytes_of(value));
    out_str(cli, "\n");
}

/* Standard error: if writing fails, there is nowhere to report it. */
static void write_stderr(struct bytes text) {
    fwrite(text.p, 1, text.n, stderr);
}

/* $COLUMNS; 0: unset or not a width. */
static size_t env_columns(void) {
    uint64_t columns = 0;
    const char *env = cli_env("COLUMNS");
    bool fits = env && text_parse_u64(bytes_of(env), &columns) == 0 && columns >= COLUMNS_MIN && columns <= COLUMNS_MAX;
    return fits ? (size_t)columns : 0;
}

/* As the terminal reports it; 0: unknown. */
static size_t terminal_columns(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= COLUMNS_MIN ? size.ws_col : 0;
}

/* Columns of standard error's terminal; SIZE_MAX if it is not a terminal. */
static size_t error_width(void) {
    size_t columns = isatty(STDERR_FILENO) ? env_columns() : SIZE_MAX;
    columns = columns > 0 ? columns : terminal_columns(STDERR_FILENO);
    return columns > 0 ? columns : SIZE_MAX;
}

/* The end of the next word. Quoted text is one word, so that a command can be copied; the apostrophe in "the event's" is not a
 * quote. */
static size_t word_end(struct bytes text, size_t at, size_t *ret_width) {
    bool quoted = false;
    size_t i = at, width = 0;
    for (; i < text.n && (quoted || text.p[i] != ' '); i++) {
        bool opens = text.p[i] == '\'' && (i == at || text.p[i - 1] == '(');
        bool closes = text.p[i] == '\'' && (i + 1 == text.n || !isalnum(text.p[i + 1]));
        quoted = quoted ? !closes : opens && memchr(text.p + i + 1, '\'', text.n - i - 1) != NULL;
        width += (text.p[i] & 0xc0) != 0x80;
    }
    *ret_width = width;
    return i;
}

/* Wraps a message between words; continuation lines are indented. */
static void put_error(struct buf *out, struct bytes text, size_t columns) {
    size_t used = 0, width;
    for (size_t at = 0; at < text.n && columns != SIZE_MAX;) {
        size_t end = word_end(text, at, &width);
        if (used > 0 && used + 1 + width > columns) {
            buf_put_str(out, "\n" ERROR_INDENT);
            used = strlen(ERROR_INDENT);
        } else if (at > 0) {
            buf_put_u8(out, ' ');
            used++;
        }
        buf_put(out, text.p + at, end - at);
        used += width;
        at = end + 1;
    }
    buf_put_bytes(out, columns == SIZE_MAX ? text : bytes_of(""));
    buf_put_u8(out, '\n');
}

void out_error(const char *fmt, ...) {
    va_list ap;
    char *text = NULL;
    struct buf safe, lines;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0) return;
    buf_init(&safe, SAFE_TIMES * (size_t)n + 1);
    buf_init(&lines, 2 * SAFE_TIMES * (size_t)n + 1);
    text_safe(&safe, bytes_of(text));
    put_error(&lines, bytes_of_buf(&safe), error_width());
    write_stderr(bytes_of_buf(&lines));
    buf_done(&safe);
    buf_done(&lines);
    free(text);
}

void out_error_json(struct bytes json) {
    struct buf safe;
    buf_init(&safe, SAFE_TIMES * json.n + 1);
    text_safe_json(&safe, json);
    buf_put_u8(&safe, '\n');
    write_stderr(bytes_of_buf(&safe));
    buf_done(&safe);
}

void out_safe(struct cli *cli, struct bytes text) {
    struct buf safe;
    if (is_plain(text, false)) {
        put(cli, text);
        return;
    }
    buf_init(&safe, SAFE_TIMES * text.n);
    if (text_safe(&safe, text) != 0) {
        out_fail(cli, ENOMEM);
    }
    put(cli, bytes_of_buf(&safe));
    buf_done(&safe);
}

void out_safe_lines(struct cli *cli, struct bytes text, const char *indent) {
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        out_str(cli, indent);
        out_safe(cli, (struct bytes){.p = text.p, .n = n});
        out_str(cli, "\n");
        n += end ? 1 : 0;
        text.p += n;
        text.n -= n;
    }
}

void out_json(struct cli *cli, struct bytes json) {
    struct buf safe;
    if (is_plain(json, true)) {
        put(cli, json);
        return;
    }
    buf_init(&safe, SAFE_TIMES * json.n);
    if (text_safe_json(&safe, json) != 0) {
        out_fail(cli, ENOMEM);
    }
    put(cli, bytes_of_buf(&safe));
    buf_done(&safe);
}

bool out_good(struct cli *cli) {
    return cli->out_errno == 0;
}

void out_clear(struct cli *cli) {
    if (cli->out_tty) {
        put(cli, bytes_of("\033[H\033[2J"));
    }
}

bool out_flush(struct cli *cli) {
    errno = 0;
    if (fflush(stdout) != 0) {
        out_fail(cli, errno);
    }
    if (cli->out_errno == 0 && ferror(stdout)) {
        out_fail(cli, EIO);
    }
    return out_good(cli);
}

const char *out_color(const struct cli *cli, enum out_color color) {
    const char *term = cli_env("TERM");
    if (!cli->out_tty || cli->no_color || cli_env("NO_COLOR") || !term || strcmp(term, "dumb") == 0) {
        return "";
    }
    return sequence[color];
}

enum out_color out_state(struct bytes state) {
    static const char *const bad[] = {"fail",    "failed",  "blocked", "denied",  "expired",     "revoked",   "error",
                                      "damaged", "timeout", "refused", "aborted", "unreachable", "overridden"};
    static const char *const doubtful[] = {"warn", "degraded", "partial", "incomplete", "demo-only", "declared-not-proven"};
    const uint8_t *colon = state.n > 0 ? memchr(state.p, ':', state.n) : NULL;
    state.n = colon ? (size_t)(colon - state.p) : state.n;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (bytes_is(state, bad[i])) return OUT_RED;
    }
    for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++) {
        if (bytes_is(state, doubtful[i])) return OUT_YELLOW;
    }
    return OUT_PLAIN;
}

size_t out_width(const struct cli *cli) {
    if (!cli->out_tty) return SIZE_MAX;
    size_t columns = env_columns();
    columns = columns > 0 ? columns : cli->out_columns;
    columns = columns > 0 ? columns : terminal_columns(STDOUT_FILENO);
    return columns > 0 ? columns : 80;
}

bool out_utf8(const struct cli *cli) {
    const char *locale = cli_env("LC_ALL");
    locale = locale ? locale : cli_env("LC_CTYPE");
    locale = locale ? locale : cli_env("LANG");
    return cli->out_tty && locale && (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8"));
}

bool out_is_stdout(const char *path) {
    return !path || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

mode_t out_mode(enum out_what what) {
    if (what == OUT_CONTENT) return 0600;
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

void out_size(char ret[32], uint64_t bytes) {
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double v = (double)bytes;
    size_t u = 0;
    while (v >= 1024 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
        v /= 1024;
        u++;
    }
    snprintf(ret, 32, u == 0 || v >= 100 ? "%.0f %s" : "%.1f %s", v, unit[u]);
}

void out_progress_init(struct out_progress *progress, const struct cli *cli, const char *what) {
    *progress = (struct out_progress){.cli = cli, .what = what, .start = clock_boot_ns()};
}

void out_progress_draw(void *ctx, uint64_t done, uint64_t total) {
    struct out_progress *p = ctx;
    uint64_t now = clock_boot_ns();
    if (!p->cli->err_tty || p->cli->quiet || now - p->start < PROGRESS_AFTER || now - p->drawn < PROGRESS_EVERY) {
        return;
    }
    p->drawn = now;
    double seconds = (double)(now - p->start) / (double)CLOCK_NS_PER_S;
    if (total == 0) {
        fprintf(stderr, "\r\x1b[K%s: %llu, %.0f/s", p->what, (unsigned long long)done, (double)done / seconds);
        return;
    }
    double part = done >= total ? 1 : (double)done / (double)total;
    char bar[PROGRESS_CELLS + 1];
    for (size_t i = 0; i < PROGRESS_CELLS; i++) {
        bar[i] = (double)i < part * PROGRESS_CELLS ? '#' : '.';
    }
    bar[PROGRESS_CELLS] = '\0';
    double left = part > 0 ? seconds / part - seconds : 0;
    fprintf(stderr, "\r\x1b[K%s [%s] %3.0f%%  %llu of %llu  %.0f s left%s%s", p->what, bar, part * 100,
            (unsigned long long)done, (unsigned long long)total, left, p->note[0] != '\0' ? "  " : "", p->note);
}

void out_progress_end(struct out_progress *progress) {
    if (progress->drawn) {
        fputs("\r\x1b[K", stderr);
        progress->drawn = 0;
    }
}
