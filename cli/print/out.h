/* What goes out: data on standard output, with every failure of it remembered; colour, safe text, progress. */
#ifndef CLI_PRINT_OUT_H
#define CLI_PRINT_OUT_H

#include "base/bytes.h"
#include "cli/call/cli.h"

/* Text. Whatever would steer a terminal is made visible (base/text.h text_safe), but for line ends and out_color's. */
void out_bytes(struct cli *cli, struct bytes text);
void out_str(struct cli *cli, const char *text);
void out_printf(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Text of an event, a file's name: the same, and line ends are made visible too. */
void out_safe(struct cli *cli, struct bytes text);
/* The same for several lines: the line ends stay. `indent` comes before each. */
void out_safe_lines(struct cli *cli, struct bytes text, const char *indent);
/* A line: the name, padded to `width`, a blank, and the value by out_safe. */
void out_field(struct cli *cli, const char *name, int width, const char *value);
/* JSON text, or a part of one: what would steer a terminal can only be in its strings and becomes \u escapes, also when
 * this is no terminal. The value is the same. */
void out_json(struct cli *cli, struct bytes json);
/* The content of a file, byte for byte; on a terminal by out_safe_lines. */
void out_data(struct cli *cli, struct bytes data);
/* A message on standard error, made safe like out_safe's: one line, but on a terminal as many as it needs, broken between
 * words and never inside of quotes. */
void out_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same of JSON text. */
void out_error_json(struct bytes json);
/* Output cannot go on, for this reason (an errno): as if writing had failed. */
void out_fail(struct cli *cli, int why);
/* Did every write so far succeed? Loops that only print stop when it turns false. */
bool out_good(struct cli *cli);
/* Flushes now. Returns out_good. */
bool out_flush(struct cli *cli);

enum out_color { OUT_PLAIN, OUT_BOLD, OUT_DIM, OUT_RED, OUT_GREEN, OUT_YELLOW };
/* The escape sequence on a terminal, "" elsewhere, with --no-color, NO_COLOR or TERM=dumb. OUT_PLAIN ends a colour. */
const char *out_color(const struct cli *cli, enum out_color color);
/* The colour of a state, by its first word ("blocked: ..."): red for one that is bad, yellow for one that asks for a look,
 * else OUT_PLAIN. */
enum out_color out_state(struct bytes state);
/* Columns of the terminal on standard output; SIZE_MAX when it is none. */
size_t out_width(const struct cli *cli);

/* Can characters beyond ASCII be drawn there? On a terminal whose locale says UTF-8. */
bool out_utf8(const struct cli *cli);

/* Is that standard output? NULL, "-", /dev/stdout. */
bool out_is_stdout(const char *path);
/* The mode of an output file, also of one that replaces another. OUT_CONTENT: it has something of a body, a private field
 * or an artifact in it, and is its owner's alone whatever the umask. OUT_PUBLIC: hashes, headers, signatures, public keys;
 * what the umask leaves of 0666. */
enum out_what { OUT_PUBLIC, OUT_CONTENT };
mode_t out_mode(enum out_what what);

/* "1.5 GiB". */
void out_size(char ret[32], uint64_t bytes);

/* A line on standard error that says how far long work is: only on a terminal, after a second, and at most ten times a
 * second. */
struct out_progress {
    const struct cli *cli;
    const char *what;      /* "verifying" */
    uint64_t start, drawn; /* ns of the boot clock */
};
void out_progress_init(struct out_progress *progress, const struct cli *cli, const char *what);
/* `total` 0: unknown. The context is a struct out_progress. */
void out_progress_draw(void *progress, uint64_t done, uint64_t total);
/* Takes the line away. */
void out_progress_end(struct out_progress *progress);

#endif
