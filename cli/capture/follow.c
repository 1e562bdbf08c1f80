/* follow: sends events on to other systems as they are recorded.
 *
 * A round reads what is new, sends it, and stores in the cursor how far the receiver has it; so a restart repeats at most
 * what was sent after that, and leaves nothing out. The ledger is read in snapshots that end with the round: a receiver that
 * is slow slows nothing but itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/capture/outlet.h"
#include "cli/evidence/cut_args.h"
#include "cli/log/ask.h"
#include "cli/open/open.h"
#include "cli/print/when.h"
#include "lib/handover/narrow.h"

enum {
    F_FORMAT,
    F_TO,
    F_FROM,
    F_CURSOR,
    F_ONCE,
    F_PRIVATE,
    F_TOKEN,
    F_RECIPIENT,
    F_NOTE,
    F_KIND, /* the conditions, in a row */
    F_SUBJECT,
    F_RUN,
    F_ACTOR,
    F_SOURCE,
    F_GRADE,
    F_KEY,
    F_END
};
static const struct opt options[] = {
    [F_FORMAT] = {"format", 0, "FORMAT", "jsonl (default; it can be verified), otlp, syslog"},
    [F_TO] = {"to", 0, "WHERE", "stdout (default), FILE, URL, unix:PATH, tcp:HOST:PORT, udp:HOST:PORT"},
    [F_FROM] = {"from", 0, "WHEN", "where a cursor does not say: 0 (default), last, " WHEN_HELP},
    [F_CURSOR] = {"cursor", 0, "FILE|NAME", "continue where this says (default for a FILE: FILE.cursor)"},
    [F_ONCE] = {"once", 0, NULL, "end when everything recorded so far is sent"},
    [F_PRIVATE] = {"private", 0, "FIELDS", "private fields to send: comma-separated names, or none (default)"},
    [F_TOKEN] = {"token-file", 0, "FILE", "a token for the URL, sent as 'Authorization: Bearer'"},
    [F_RECIPIENT] = {"recipient", 0, "WHO", "for whom it is; a private field of the event that records it"},
    [F_NOTE] = {"note", 0, "TEXT", "why; private too"},
    [F_KIND] = {"kind", 'k', "KIND", "events of this kind; a trailing * matches a prefix, here and below"},
    [F_SUBJECT] = {"subject", 's', "SUBJECT", "about this subject"},
    [F_RUN] = {"run", 'r', "RUN", "of this run"},
    [F_ACTOR] = {"actor", 'a', "WHO", "caused by this actor"},
    [F_SOURCE] = {"source", 0, "SOURCE", "from this source"},
    [F_GRADE] = {"grade", 'g', "GRADE", "with exactly this grade"},
    [F_KEY] = {"key", 0, "KEY", "with this idempotency key"},
    [F_END] = {0},
};

#define ROUND_MS    200
#define SEAL_NS     (2 * CLOCK_NS_PER_S) /* events wait at most this long for their checkpoint */
#define SEAL_EVENTS 256
#define SYNC_BYTES  ((uint64_t)16 << 20) /* in a long round the cursor is stored this often */
#define LOOK_NS     CLOCK_NS_PER_S       /* at the directory and the file */
#define CUTS_MAX    100                  /* in a row, within one round */
#define NAMES_MAX   ((size_t)1 << 16)

struct follow {
    struct cli *cli;
    const struct opt_args *args;
    struct ledger *ledger;
    struct stream *stream;
    struct outlet outlet;
    enum stream_format format;
    bool once;
    const volatile int *stop;
    struct export_options asked; /* the filter, for words */
    struct export_term term[EXPORT_TERMS_MAX];
    const char *private_[EXPORT_PRIVATE_MAX];
    size_t n_terms, n_private;
    struct buf names, query;
    char cursor[FILE_PATH_MAX]; /* empty: none */
    struct stream_at taken;     /* by the receiver */
    bool cut;                   /* the file was, in place: the piece at hand is not in it */
    bool misused;               /* --from cannot be what was meant */
    uint64_t from;              /* where the section at hand begins */
    bool moved;                 /* the cursor does not have it yet */
    struct stat place;          /* of the ledger's directory */
    uint64_t sealed_ns, looked_ns, bytes;
};

/* ---- the command line ---- */

/* A name has no slash and no dot: it stands for a file in the ledger's directory. */
static bool is_name(const char *text) {
    return text[0] != '\0' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(text);
}

static int find_cursor(struct follow *f, struct err *err) {
    const char *given = opt_text(f->args, &options[F_CURSOR]);
    char dir[FILE_PATH_MAX];
    int n = 0;
    if (given != NULL && is_name(given)) {
        int rc = file_join(dir, f->cli->dir, "follow", err);
        if (rc == 0) rc = file_make_dirs(dir, err);
        return rc == 0 ? file_join(f->cursor, dir, given, err) : rc;
    }
    if (given != NULL) {
        n = snprintf(f->cursor, sizeof(f->cursor), "%s", given);
    } else if (f->outlet.kind == OUTLET_FILE) {
        n = snprintf(f->cursor, sizeof(f->cursor), "%s.cursor", f->outlet.target);
    }
    return n >= (int)sizeof(f->cursor) ? err_set(err, ERR_LIMIT, "the path of the cursor is too long") : 0;
}

static int read_from(struct follow *f, uint64_t *ret, struct err *err) {
    const char *text = opt_text(f->args, &options[F_FROM]);
    struct log_head head;
    struct when when;
    *ret = 0;
    int rc = text == NULL ? 0 : log_head(f->ledger, &head, err);
    if (text == NULL || rc != 0) return rc;
    if (strcmp(text, "last") == 0) {
        *ret = head.size;
        return 0;
    }
    rc = when_parse(text, false, &when, err);
    if (rc == 0) rc = when_check(&when, text, head.size, err);
    if (rc == 0 && when.is_seq && when.at > head.size) {
        rc = err_set(err, ERR_INVALID, "there is no event %llu yet: the ledger has %llu", (unsigned long long)when.at,
                     (unsigned long long)head.size);
    }
    if (rc == 0 && when.is_seq) {
        *ret = when.at;
    } else if (rc == 0 && when.at > clock_wall_ns()) {
        rc = err_set(err, ERR_INVALID, "'%s' is in the future; expected: a time that has passed, or 'last'", text);
    } else if (rc == 0) {
        rc = stream_first_at(f->ledger, when.at, ret, err);
    }
    f->misused = rc == ERR_INVALID;
    return rc == 0 ? 0 : err_prefix(err, "--from");
}

static int read_options(struct follow *f, struct err *err) {
    const char *format = opt_text(f->args, &options[F_FORMAT]), *to = opt_text(f->args, &options[F_TO]);
    f->once = opt_has(f->args, &options[F_ONCE]);
    buf_init(&f->names, NAMES_MAX);
    buf_room(&f->names, NAMES_MAX); /* pointers to names are kept: it must not move */
    buf_init(&f->query, NAMES_MAX);
    int rc = buf_check(&f->names, "names", err);
    if (rc == 0 && format != NULL && !stream_format_find(format, &f->format)) {
        rc = err_set(err, ERR_INVALID, "--format '%.40s': expected jsonl, otlp or syslog", format);
    }
    if (rc == 0) {
        rc = outlet_init(&f->outlet, f->cli, f->format, to == NULL ? "stdout" : to, opt_text(f->args, &options[F_TOKEN]),
                         err);
    }
    f->outlet.once = f->once;
    if (rc == 0) rc = cut_args_terms(f->args, &options[F_KIND], F_END - F_KIND, f->term, &f->n_terms, err);
    if (rc == 0) {
        rc = cut_args_names(f->args, &options[F_PRIVATE], &f->names, f->private_, EXPORT_PRIVATE_MAX, &f->n_private, err);
    }
    if (f->n_private == 1 && strcmp(f->private_[0], "none") == 0) {
        f->n_private = 0;
    }
    export_options_init(&f->asked);
    f->asked.terms = f->term;
    f->asked.n_terms = f->n_terms;
    narrow_words(&f->asked, &f->query);
    return rc == 0 ? buf_check(&f->query, "the conditions", err) : rc;
}

/* ---- sending ---- */

static int store(struct follow *f, struct err *err) {
    int rc = outlet_sync(&f->outlet, err);
    if (rc == 0 && f->moved && f->cursor[0] != '\0') rc = stream_cursor_write(f->ledger, f->cursor, &f->taken, err);
    if (rc == 0) {
        f->moved = false;
        f->bytes = 0;
    }
    return rc;
}

static int put(void *ctx, struct bytes piece, const struct stream_at *at, uint64_t events, struct err *err) {
    struct follow *f = ctx;
    (void)events;
    f->cut = outlet_is_cut(&f->outlet);
    int rc = f->cut ? 0 : outlet_put(&f->outlet, piece, err);
    f->cut = f->cut || (rc == 0 && outlet_is_cut(&f->outlet)); /* or just before it was written, or after */
    if (rc == 0 && f->cut) rc = err_set(err, ERR_CONFLICT, "'%s' is cut again and again", f->outlet.target);
    if (rc != 0) return rc;
    f->moved = f->moved || at->next != f->taken.next;
    f->taken = *at;
    f->bytes += piece.n;
    return f->bytes >= SYNC_BYTES ? store(f, err) : 0;
}

/* The event that records it is appended before the first byte of a section. */
static int begin(struct follow *f, uint64_t from, struct err *err) {
    char actor[CLI_ACTOR_MAX];
    uint64_t exported = 0;
    const struct export_delivery to = {.actor = cli_actor(NULL, actor),
                                       .path = f->outlet.kind == OUTLET_STDOUT ? "-" : f->outlet.target,
                                       .recipient = opt_text(f->args, &options[F_RECIPIENT]),
                                       .note = opt_text(f->args, &options[F_NOTE])};
    int rc = stream_record(f->stream, from, &to, bytes_of_buf(&f->query), &exported, err);
    if (rc == 0) rc = stream_begin(f->stream, from, exported, err);
    f->from = from;
    f->sealed_ns = clock_monotonic_ns();
    return rc;
}

/* The file was cut in place: what comes next begins a section. Where some of it was kept, the last section is repeated, since
 * its end is missing. */
static int begin_again(struct follow *f, struct err *err) {
    int rc = outlet_restart(&f->outlet, err);
    f->cut = false;
    bool kept = f->format == STREAM_JSONL && f->outlet.size > 0;
    return rc == 0 ? begin(f, kept ? f->from : f->taken.next, err) : rc;
}

/* The file is another one now: the old one ends with its checkpoint, the new one begins with a section of its own. */
static int change_file(struct follow *f, struct err *err) {
    enum outlet_fate fate = outlet_look(&f->outlet);
    int rc = 0;
    if (fate == OUTLET_KEPT) return 0;
    if (fate == OUTLET_CUT) return begin_again(f, err);
    rc = stream_seal(f->stream, err);
    if (rc == 0) rc = store(f, err);
    if (rc == 0) rc = outlet_reopen(&f->outlet, err);
    return rc == 0 ? begin(f, f->taken.next, err) : rc;
}

/* Now and then: is the directory still the one that was opened, and the file the one that is written? */
static int look_around(struct follow *f, struct err *err) {
    struct stat now;
    if (clock_monotonic_ns() - f->looked_ns < LOOK_NS) return 0;
    f->looked_ns = clock_monotonic_ns();
    if (stat(f->cli->dir, &now) != 0 || now.st_dev != f->place.st_dev || now.st_ino != f->place.st_ino) {
        return err_set(err, ERR_CONFLICT, "'%s' was moved or replaced by another directory; start again", f->cli->dir);
    }
    return change_file(f, err);
}

static int send_new(struct follow *f, uint64_t *ret_n, struct err *err) {
    int rc = stream_pump(f->stream, ret_n, err);
    uint64_t unsealed = stream_unsealed(f->stream), now = clock_monotonic_ns();
    if (rc == 0 && unsealed > 0 && (f->once || unsealed >= SEAL_EVENTS || now - f->sealed_ns >= SEAL_NS)) {
        rc = stream_seal(f->stream, err);
        f->sealed_ns = now;
    }
    return rc;
}

static int round_of(struct follow *f, uint64_t *ret_n, struct err *err) {
    int rc = send_new(f, ret_n, err);
    for (int i = 0; i < CUTS_MAX && rc == ERR_CONFLICT && f->cut; i++) {
        rc = begin_again(f, err);
        if (rc == 0) rc = send_new(f, ret_n, err);
    }
    const struct stream_at *at = stream_where(f->stream);
    if (rc == 0 && at->next != f->taken.next) { /* the last events made no output */
        f->taken = *at;
        f->moved = true;
    }
    if (rc == 0 && (f->moved || f->bytes > 0)) rc = store(f, err);
    return rc;
}

static int follow(struct follow *f, struct err *err) {
    struct err last = {0};
    uint64_t n = 1;
    int rc = 0;
    do {
        rc = round_of(f, &n, err);
        if (rc == 0 && !f->once) rc = look_around(f, err);
        if (rc == ERR_CONFLICT && f->cut) rc = begin_again(f, err); /* while it looked */
    } while (rc == 0 && !f->once && (n > 0 || !outlet_pause(&f->outlet, ROUND_MS)) && *f->stop == 0);
    bool stopped = *f->stop != 0 && (rc == 0 || rc == ERR_BUSY);
    if (stopped) { /* what was sent ends with its checkpoint, where it can */
        rc = stream_where(f->stream)->next == f->taken.next ? stream_seal(f->stream, err) : 0;
        if (rc == ERR_CONFLICT && f->cut) rc = begin_again(f, err);
        rc = rc == ERR_BUSY ? 0 : rc;
    }
    int kept = f->moved || f->bytes > 0 ? store(f, rc == 0 ? err : &last) : 0;
    return rc == 0 ? kept : rc;
}

/* ---- the whole ---- */

static int start(struct follow *f, struct err *err) {
    const struct stream_options how = {.format = f->format,
                                       .terms = f->term,
                                       .n_terms = f->n_terms,
                                       .private_ = f->private_,
                                       .n_private = f->n_private,
                                       .stop = f->stop,
                                       .put = put,
                                       .ctx = f};
    uint64_t cut = 0;
    int rc = find_cursor(f, err);
    if (rc == 0) rc = f->cursor[0] == '\0' ? ERR_NOTFOUND : stream_cursor_read(f->ledger, f->cursor, &f->taken, err);
    if (rc == ERR_NOTFOUND) rc = read_from(f, &f->taken.next, err);
    if (rc == 0 && stat(f->cli->dir, &f->place) != 0) rc = err_set(err, ERR_IO, "'%s' cannot be looked at", f->cli->dir);
    if (rc == 0) rc = stream_new(f->ledger, &how, &f->stream, err);
    if (rc == 0) rc = outlet_open(&f->outlet, &cut, err);
    if (rc == 0 && cut > 0) {
        cli_note(f->cli, "ledger: follow: '%s': removed %llu bytes of a line that was cut off", f->outlet.target,
                 (unsigned long long)cut);
    }
    if (rc == 0) rc = begin(f, f->taken.next, err);
    return rc;
}

static void say_withheld(const struct follow *f) {
    const struct stream_counts *n = stream_counted(f->stream);
    if (n->withheld > 0) {
        cli_note(f->cli,
                 "ledger: follow: %llu event%s withheld because of what looks like a secret, the first is event %llu (%s)",
                 (unsigned long long)n->withheld, n->withheld == 1 ? " was" : "s were",
                 (unsigned long long)n->first_withheld, n->rule);
    }
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct follow *f = calloc(1, sizeof(*f));
    struct err err = {0};
    if (f == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "out of memory");
    f->cli = cli;
    f->args = args;
    f->outlet.fd = -1;
    f->stop = stop_catch();
    const char *kind = opt_text(args, &options[F_KIND]);
    int rc = kind != NULL ? ask_kind(kind, &err) : 0;
    int exit_code = rc != 0 ? cli_usage(cli, "--kind: %s", err.msg) : 0;
    if (exit_code == 0 && read_options(f, &err) != 0) exit_code = cli_fail_input(cli, &err);
    if (exit_code == 0) exit_code = cli_open(cli, CLI_WRITE, &f->ledger);
    if (exit_code == 0) {
        (void)stop_descriptor();
        f->outlet.stop = f->stop;
        rc = start(f, &err);
        if (rc != 0 && *f->stop == 0) {
            exit_code = f->misused ? cli_fail_as(cli, &err, EXIT_USAGE)
                        : rc == ERR_INVALID || rc == ERR_LIMIT || rc == ERR_CONFLICT || rc == ERR_ROLLBACK
                            ? cli_fail_as(cli, &err, EXIT_INPUT)
                            : cli_fail(cli, &err);
        }
    }
    if (exit_code == 0 && f->stream != NULL && rc == 0) {
        rc = follow(f, &err);
        exit_code =
            rc != 0 ? cli_fail_as(cli, &err, rc == ERR_TAMPERED || rc == ERR_CORRUPT ? EXIT_INVALID : EXIT_SYSTEM) : 0;
        say_withheld(f);
    }
    stream_free(f->stream);
    outlet_done(&f->outlet);
    log_close(f->ledger);
    buf_done(&f->names);
    buf_done(&f->query);
    free(f);
    return exit_code;
}

const struct spec spec_follow = {
    .synopsis = "[--format FORMAT] [--to WHERE] [--cursor FILE|NAME] [--once] [CONDITIONS]",
    .about = "Sends events to another system as they are recorded, until it is interrupted. As jsonl each line\n"
             "has header, salt and payload, or the leaf alone of an event that was not chosen; signed\n"
             "checkpoints follow, so that 'ledger verify --stream FILE' recomputes everything. otlp (log\n"
             "records for a collector) and syslog (RFC 5424) carry sequence number and leaf, by which the\n"
             "event is found in the ledger; such a copy proves nothing by itself.\n\n"
             "Private fields are sent only if --private names them, and what looks like a secret is withheld.\n"
             "That events leave is recorded once, before the first byte. The cursor is stored after the\n"
             "receiver has taken the bytes: after a crash some events may be sent twice, none is left out. A\n"
             "slow receiver does not slow recording. A file that was renamed is begun anew.",
    .examples = "ledger follow --to /var/log/ledger.jsonl\n"
                "ledger follow --format otlp --to http://127.0.0.1:4318 --cursor collector\n"
                "ledger follow --format syslog --to unix:/dev/log --cursor syslog --kind 'permission.*'\n"
                "ledger follow --once --from 2026-11-21 | ledger verify --stream - --key \"$VKEY\"",
    .opts = options,
    .run = run,
};
