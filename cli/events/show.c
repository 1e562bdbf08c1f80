/* show: one event, every field of it. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/log/corrected.h"
#include "cli/log/erased.h"
#include "cli/open/open.h"
#include "cli/print/pager.h"
#include "ledger/event/event.h"

#define SHOW_MAX ((size_t)32 << 20)

static void field(struct cli *cli, const char *name, struct bytes value) {
    out_printf(cli, "%s%-8s%s ", out_color(cli, OUT_BOLD), name, out_color(cli, OUT_PLAIN));
    if (value.n == 0) {
        out_printf(cli, "%s(none)%s", out_color(cli, OUT_DIM), out_color(cli, OUT_PLAIN));
    }
    out_safe(cli, value);
    out_str(cli, "\n");
}

static void hash(struct cli *cli, const char *name, const uint8_t *value) {
    char hex[2 * EVENT_HASH + 1] = "";
    if (value) {
        text_hex(hex, value, EVENT_HASH);
    }
    field(cli, name, bytes_of(hex));
}

/* Colours a line "name": "word" of a body, if the word is a state with a colour or an error. */
static enum out_color color_of(struct bytes line) {
    const uint8_t *value = memmem(line.p, line.n, "\": \"", 4);
    if (!value) return OUT_PLAIN;
    struct bytes name = {line.p, (size_t)(value - line.p)}, word = {value + 4, line.n - (size_t)(value + 4 - line.p)};
    const uint8_t *quote = word.n > 0 ? memchr(word.p, '"', word.n) : NULL;
    while (name.n > 0 && (name.p[0] == ' ' || name.p[0] == '"')) {
        name = (struct bytes){name.p + 1, name.n - 1};
    }
    word.n = quote ? (size_t)(quote - word.p) : word.n;
    return bytes_is(name, "error") ? OUT_RED : out_state(word);
}

static void put_lines(struct cli *cli, struct bytes text) {
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        enum out_color color = color_of((struct bytes){text.p, n});
        out_str(cli, color == OUT_PLAIN ? "" : out_color(cli, color));
        out_json(cli, (struct bytes){text.p, n});
        out_str(cli, color == OUT_PLAIN ? "" : out_color(cli, OUT_PLAIN));
        n += end ? 1 : 0;
        out_str(cli, end ? "\n" : "");
        text = (struct bytes){text.p + n, text.n - n};
    }
}

static int map(struct cli *cli, const char *title, struct bytes kind, struct bytes value, struct err *err) {
    struct buf text = {.max = SHOW_MAX};
    int rc = log_fields_text(kind, value, &text, err);
    if (rc == 0) {
        out_printf(cli, "\n%s%s%s\n", out_color(cli, OUT_BOLD), title, out_color(cli, OUT_PLAIN));
        put_lines(cli, bytes_of_buf(&text));
        out_str(cli, "\n");
    }
    buf_done(&text);
    return rc;
}

/* What later events did to it. */
struct later {
    struct corrected corrected;
    struct erased erased;
};

static int later_load(struct ledger *ledger, uint64_t seq, struct later *ret, struct err *err) {
    int rc = erased_load(ledger, seq, &ret->erased, err);
    if (rc == 0) rc = corrected_load(ledger, seq, &ret->corrected, err);
    return rc;
}

static void later_done(struct later *later) {
    corrected_done(&later->corrected);
    erased_done(&later->erased);
}

/* Names the event that erased it, if there is one. */
static void put_erased(struct cli *cli, const char *what, uint64_t by, const char *rest) {
    out_printf(cli, "\n%s: erased", what);
    if (by != LOG_NO_SEQ) {
        out_printf(cli, " by event %llu", (unsigned long long)by);
    }
    out_str(cli, rest);
}

static int show_contents(struct cli *cli, const struct log_event *event, struct bytes private_, const struct later *later,
                         struct err *err) {
    static const uint8_t none = 0x80; /* an empty map: erased */
    const struct buf *fields = &later->erased.fields;
    int rc = 0;
    if (event->payload.n == 0) {
        put_erased(cli, "body", later->erased.body, ", its commitment remains\n");
    } else {
        rc = map(cli, "body:", event->kind, event->body, err);
    }
    if (rc == 0 && private_.n > 0) {
        if (bytes_eq(private_, (struct bytes){&none, 1})) {
            put_erased(cli, "private fields", LOG_NO_SEQ, ", their commitment remains\n");
        } else {
            rc = map(cli, "private fields:", event->kind, private_, err);
        }
    }
    if (rc == 0 && fields->n > 0) {
        out_printf(cli, "\n%.*s", (int)fields->n, (const char *)fields->p);
    }
    return rc;
}

static int show_text(struct cli *cli, const struct log_event *event, struct bytes private_, const struct later *later,
                     struct err *err) {
    struct event_header header;
    char text[320], time[TEXT_TIME_MAX];
    int rc = event_header_decode(event->header, &header, err);
    if (rc != 0) return rc;
    snprintf(text, sizeof(text), "%llu", (unsigned long long)event->seq);
    field(cli, "seq", bytes_of(text));
    text_time(time, event->time);
    field(cli, "time", bytes_of(time));
    snprintf(text, sizeof(text), "%.*s (schema %u)", (int)event->kind.n, (const char *)event->kind.p, event->schema);
    field(cli, "kind", bytes_of(text));
    field(cli, "subject", event->subject);
    field(cli, "actor", event->actor);
    field(cli, "source", event->source);
    field(cli, "grade", event->grade);
    field(cli, "run", event->run);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)event->cause);
    field(cli, "cause", bytes_of(event->has_cause ? text : ""));
    field(cli, "key", event->key);
    field(cli, "author", event->author);
    if (event->author.n > 0) {
        field(cli, "signed", bytes_of("kind, schema, subject, actor, run, key, body and private; " EVENT_NOT_AUTHORS));
    }
    hash(cli, "leaf", event->leaf);
    hash(cli, "body", header.body);
    hash(cli, "private", header.private_);
    hash(cli, "prev", header.prev);
    rc = show_contents(cli, event, private_, later, err);
    const struct corrected_one *one = rc == 0 ? corrected_find(&later->corrected, event->seq) : NULL;
    if (one != NULL) {
        char words[CORRECTED_WORDS_MAX];
        corrected_words(one, words);
        out_printf(cli, "\n%s", out_color(cli, OUT_BOLD));
        out_safe(cli, bytes_of(words));
        out_printf(cli, "%s\n", out_color(cli, OUT_PLAIN));
    }
    return rc;
}

static int show_json(struct cli *cli, const struct log_event *event, struct bytes private_, const struct later *later,
                     struct err *err) {
    const struct corrected_one *one = corrected_find(&later->corrected, event->seq);
    struct log_event_marks marks = {.corrected_by = one != NULL ? one->by : LOG_NO_SEQ};
    struct buf text = {.max = SHOW_MAX}, erased = {.max = SHOW_MAX};
    if (later->erased.list.n > 0) {
        mp_put_array(&erased, later->erased.list.n);
        buf_put_bytes(&erased, bytes_of_buf(&later->erased.list.items));
        marks.erased = bytes_of_buf(&erased);
    }
    int rc = buf_check(&erased, "what was erased", err);
    if (rc == 0) rc = log_event_json_marked(event, private_, &marks, cli->out_tty, &text, err);
    if (rc == 0) {
        buf_put_str(&text, "\n");
        out_json(cli, bytes_of_buf(&text));
    }
    buf_done(&erased);
    buf_done(&text);
    return rc;
}

static int show(struct cli *cli, const struct opt_args *args) {
    uint64_t seq = 0;
    if (cli_seq(cli, args->args[0], &seq) != 0) return EXIT_USAGE;
    struct ledger *ledger = NULL;
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    struct pager pager = {.wanted = true};
    struct log_reader *reader = NULL;
    struct log_event event;
    struct log_head head = {0};
    struct later later = {0};
    struct buf private_ = {.max = SHOW_MAX};
    struct err err = {0};
    int rc = log_head(ledger, &head, &err);
    if (rc == 0 && seq >= head.size) {
        rc = err_set(&err, ERR_NOTFOUND, "there is no event %llu: the ledger has %llu, the newest is %llu",
                     (unsigned long long)seq, (unsigned long long)head.size, (unsigned long long)head.size - 1);
    }
    if (rc == 0) rc = log_reader_open(ledger, seq, seq + 1, &reader, &err);
    if (rc == 0) rc = log_reader_next(reader, &event, &err);
    if (rc == 1) rc = err_set(&err, ERR_CORRUPT, "event %llu is missing", (unsigned long long)seq);
    if (rc == 0 && event.has_private) rc = log_reader_private(reader, &private_, &err);
    if (rc == 0) rc = later_load(ledger, seq, &later, &err);
    if (rc == 0) {
        struct bytes fields = bytes_of_buf(&private_);
        pager_begin(&pager, cli);
        rc = cli->json ? show_json(cli, &event, fields, &later, &err) : show_text(cli, &event, fields, &later, &err);
    }
    pager_end(&pager, cli);
    exit_code = rc == 0 ? EXIT_GOOD : cli_fail_lookup(cli, &err);
    log_reader_close(reader);
    later_done(&later);
    buf_done(&private_);
    log_close(ledger);
    return exit_code;
}

const struct spec spec_show = {
    .synopsis = "SEQ",
    .about = "Shows one event: every header field, the leaf with its commitments, the body, the private fields\n"
             "that have not been erased, and the events that erased or corrected it (in JSON: erased_by,\n"
             "corrected_by). Exit code 1 if there is no such event.",
    .examples = "ledger show 118\nledger show 118 --json | jq .body",
    .min_args = 1,
    .max_args = 1,
    .run = show,
};
