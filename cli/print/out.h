/* Output: data on standard output, whose failures are remembered; colour, safe text, progress. */
#ifndef CLI_PRINT_OUT_H
#define CLI_PRINT_OUT_H

#include "base/bytes.h"
#include "cli/call/cli.h"

/* Text. Control characters are made visible (base/text.h text_safe), except line ends and the colours of out_color. */
void out_bytes(struct cli *cli, struct bytes text);
void out_str(struct cli *cli, const char *text);
void out_printf(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, with line ends made visible too: for text of events, file names. */
void out_safe(struct cli *cli, struct bytes text);
/* The same for several lines: line ends stay, and each line begins with `indent`. */
void out_safe_lines(struct cli *cli, struct bytes text, const char *indent);
/* A line: the name, padded to `width`, a blank, and the value as by out_safe. */
void out_field(struct cli *cli, const char *name, int width, const char *value);
/* JSON text, or a part of it: control characters, which only occur in strings, become \u escapes, even off a terminal. The
 * value stays the same. */
void out_json(struct cli *cli, struct bytes json);
/* The content of a file, byte for byte; on a terminal by out_safe_lines. */
void out_data(struct cli *cli, struct bytes data);
/* A message on standard error, made safe as by out_safe: one line; on a terminal it is wrapped between words, never inside
 * quotes. */
void out_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same for JSON text. */
void out_error_json(struct bytes json);
/* Output cannot continue for this reason (an errno): as if writing had failed. */
void out_fail(struct cli *cli, int why);
/* Has every write succeeded so far? Loops that only print stop when this becomes false. */
bool out_good(struct cli *cli);
/* On a terminal: clears the screen, and the next text begins at its top. */
void out_clear(struct cli *cli);
/* Flushes now. Returns out_good. */
bool out_flush(struct cli *cli);

enum out_color { OUT_PLAIN, OUT_BOLD, OUT_DIM, OUT_RED, OUT_GREEN, OUT_YELLOW };
/* The escape sequence on a terminal; "" elsewhere and with --no-color, NO_COLOR or TERM=dumb. OUT_PLAIN ends a colour. */
const char *out_color(const struct cli *cli, enum out_color color);
/* The colour of a state, by its first word ("blocked: ..."): red for a bad one, yellow for one that needs attention, else
 * OUT_PLAIN. */
enum out_color out_state(struct bytes state);
/* Columns of the terminal on standard output; SIZE_MAX if it is not a terminal. */
size_t out_width(const struct cli *cli);

/* Can it show non-ASCII characters? Only a terminal with a UTF-8 locale. */
bool out_utf8(const struct cli *cli);

/* Is that standard output? NULL, "-", /dev/stdout. */
bool out_is_stdout(const char *path);
/* The mode of an output file, even if it replaces another. OUT_CONTENT: it contains parts of a body, a private field or an
 * artifact; only the owner can read it, whatever the umask. OUT_PUBLIC: hashes, headers, signatures, public keys; 0666 less
 * the umask. */
enum out_what { OUT_PUBLIC, OUT_CONTENT };
mode_t out_mode(enum out_what what);

/* "1.5 GiB". */
void out_size(char ret[32], uint64_t bytes);

/* A progress line on standard error: only on a terminal, after a second, and at most ten times a second. */
struct out_progress {
    const struct cli *cli;
    const char *what;      /* "verifying" */
    uint64_t start, drawn; /* ns of the boot clock */
    char note[96];         /* what else is known so far, at the end of the line; "": nothing */
};
void out_progress_init(struct out_progress *progress, const struct cli *cli, const char *what);
/* `total` 0: unknown. The context is a struct out_progress. */
void out_progress_draw(void *progress, uint64_t done, uint64_t total);
/* Removes the line. */
void out_progress_end(struct out_progress *progress);

#endif
