/* stats: how large everything is. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "cli/view/asof.h"
#include "ledger/core/lead.h"

/* How the projections are stored; NULL where there are none. */
struct kept {
    struct state_status status[PROJECTIONS_MAX];
    size_t n;
};

static void put_projections(struct obj *obj, const struct kept *kept) {
    struct obj list = {0}, one = {0};
    char words[ASOF_WORDS];
    for (size_t i = 0; i < kept->n; i++) {
        const struct state_status *status = &kept->status[i];
        obj_text(&one, "projection", status->projection->name);
        obj_text(&one, "condition", asof_condition(status));
        obj_uint(&one, "stored", status->stored_position);
        obj_uint(&one, "lag", status->lag);
        obj_text(&one, "message", asof_describe(status, words) ? words : NULL);
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "projections", &list);
}

/* One line when all is well, and one for each that is not. */
static void print_projections(struct cli *cli, const struct kept *kept, uint64_t events) {
    char words[ASOF_WORDS];
    uint64_t least = LOG_NO_SEQ;
    size_t good = 0;
    for (size_t i = 0; i < kept->n; i++) {
        if (!asof_describe(&kept->status[i], words)) {
            good++;
            least = kept->status[i].stored_position < least ? kept->status[i].stored_position : least;
        }
    }
    out_printf(cli, "%-16s %zu good of %zu", "projections", good, kept->n);
    if (good > 0) {
        out_printf(cli, ", %llu of %llu event%s stored; reads fold the rest", (unsigned long long)least,
                   (unsigned long long)events, text_s(events));
    }
    out_str(cli, "\n");
    for (size_t i = 0; i < kept->n; i++) {
        if (asof_describe(&kept->status[i], words)) {
            out_printf(cli, "%-16s ", asof_condition(&kept->status[i]));
            out_safe(cli, bytes_of(words));
            out_str(cli, "\n");
        }
    }
}

static const char *place_word(struct ledger *ledger) {
    static const char *const words[] = {[LOG_PLACE_UNKNOWN] = "unknown",
                                        [LOG_PLACE_HOME] = "home",
                                        [LOG_PLACE_COPY] = "copy",
                                        [LOG_PLACE_BACKUP] = "backup"};
    enum log_place place = LOG_PLACE_UNKNOWN;
    log_place(ledger, &place, NULL);
    return words[place];
}

static int print_json(struct cli *cli, struct ledger *ledger, const struct log_stats *s, const struct log_head *head,
                      const struct kept *kept) {
    struct lead lead = {0};
    struct obj obj = {0};
    obj_text(&obj, "dir", log_dir(ledger));
    obj_text(&obj, "origin", log_origin(ledger));
    obj_text(&obj, "place", place_word(ledger));
    obj_uint(&obj, "events", s->events);
    obj_hex(&obj, "root", head->root, LOG_HASH);
    obj_time(&obj, "time", head->time);
    lead_now(ledger, &lead, NULL);
    obj_uint(&obj, "time_ahead_ns", lead.ns);
    obj_uint(&obj, "groups", s->groups);
    obj_uint(&obj, "tail", s->tail);
    obj_uint(&obj, "checkpoints", s->checkpoints);
    obj_uint(&obj, "epochs", s->epochs);
    obj_uint(&obj, "artifacts", s->artifacts);
    obj_uint(&obj, "cursors", s->cursors);
    obj_uint(&obj, "evidence_bytes", s->evidence_bytes);
    obj_uint(&obj, "derived_bytes", s->derived_bytes);
    obj_uint(&obj, "artifact_bytes", s->artifact_bytes);
    obj_uint(&obj, "map_bytes", s->map_bytes);
    obj_uint(&obj, "map_used", s->map_used);
    uint64_t room, all;
    bool known = file_room(log_dir(ledger), &room, &all);
    obj_uint(&obj, "disk_free_bytes", known ? room : LOG_NO_SEQ);
    obj_uint(&obj, "disk_bytes", known ? all : LOG_NO_SEQ);
    obj_uint(&obj, "readers", s->readers);
    obj_uint(&obj, "dead_readers", s->dead_readers);
    obj_uint(&obj, "oldest_reader_pid", s->oldest_reader_pid);
    obj_uint(&obj, "oldest_reader_commits", s->oldest_reader_commits);
    put_projections(&obj, kept);
    return cli_print(cli, &obj, false);
}

static void count(struct cli *cli, const char *name, uint64_t v) {
    out_printf(cli, "%-16s %llu\n", name, (unsigned long long)v);
}

static void size(struct cli *cli, const char *name, uint64_t v) {
    char text[32];
    out_size(text, v);
    out_printf(cli, "%-16s %s\n", name, text);
}

/* The quota promises nothing that the disk does not have; an erasure needs as much again as is in use. */
static void print_room(struct cli *cli, struct ledger *ledger, const struct log_stats *s) {
    char free_[32], whole[32];
    uint64_t room, all;
    if (!file_room(log_dir(ledger), &room, &all)) return;
    out_size(free_, room);
    out_size(whole, all);
    const char *less = room < s->map_used ? "; too little for an erasure, which copies the database"
                       : s->map_used < s->map_bytes && room < s->map_bytes - s->map_used ? "; full before the quota is"
                                                                                         : "";
    out_printf(cli, "%-16s %s of %s%s\n", "free on disk", free_, whole, less);
}

static void print_text(struct cli *cli, struct ledger *ledger, const struct log_stats *s, const struct log_head *head,
                       const struct kept *kept) {
    char time[TEXT_TIME_MAX], root[2 * LOG_HASH + 1], used[32], map[32];
    struct lead lead = {0};
    lead_now(ledger, &lead, NULL);
    text_time(time, head->time);
    text_hex(root, head->root, LOG_HASH);
    out_field(cli, "directory", 16, log_dir(ledger));
    out_field(cli, "origin", 16, log_origin(ledger));
    out_field(cli, "place", 16, place_word(ledger));
    count(cli, "events", s->events);
    out_printf(cli, "%-16s %s\n%-16s %s\n", "root", root, "newest event", time);
    if (lead.ns > 0) {
        char ahead[96];
        lead_words(&lead, ahead, sizeof(ahead));
        out_printf(cli, "%-16s %s\n", "clock", ahead);
    }
    count(cli, "full groups", s->groups);
    count(cli, "tail", s->tail);
    count(cli, "checkpoints", s->checkpoints);
    count(cli, "key epochs", s->epochs);
    count(cli, "artifacts", s->artifacts);
    count(cli, "cursors", s->cursors);
    size(cli, "evidence", s->evidence_bytes);
    size(cli, "derived", s->derived_bytes);
    print_projections(cli, kept, head->size);
    size(cli, "artifact files", s->artifact_bytes);
    out_size(used, s->map_used);
    out_size(map, s->map_bytes);
    out_printf(cli, "%-16s %s of %s (%.1f %%)\n", "quota in use", used, map,
               s->map_bytes ? 100.0 * (double)s->map_used / (double)s->map_bytes : 0.0);
    print_room(cli, ledger, s);
    out_printf(cli, "%-16s %llu, and %llu dead ones cleared\n", "readers", (unsigned long long)s->readers,
               (unsigned long long)s->dead_readers);
    if (s->oldest_reader_pid != 0) {
        out_printf(cli, "%-16s process %llu, %llu commit%s behind: what was freed since is not used again\n",
                   "oldest reader", (unsigned long long)s->oldest_reader_pid, (unsigned long long)s->oldest_reader_commits,
                   text_s(s->oldest_reader_commits));
    }
    if (s->groups > 0) { /* before that, whole pages of the database say nothing of an event */
        out_printf(cli, "%-16s %.1f bytes\n", "an event", (double)s->map_used / (double)s->events);
    }
}

static int stats(struct cli *cli, const struct opt_args *args) {
    (void)args;
    struct ledger *ledger = NULL;
    struct log_stats s = {0};
    struct log_head head = {0};
    struct kept kept = {.n = 0};
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = log_head(ledger, &head, &err);
    if (rc == 0) rc = log_stats(ledger, &s, &err);
    if (rc == 0) rc = asof_stored(ledger, kept.status, &kept.n, &err);
    if (rc != 0) {
        exit_code = cli_fail(cli, &err);
    } else if (cli->json) {
        exit_code = print_json(cli, ledger, &s, &head, &kept);
    } else {
        print_text(cli, ledger, &s, &head, &kept);
    }
    log_close(ledger);
    return exit_code;
}

const struct spec spec_stats = {
    .synopsis = "",
    .about = "Prints counts and sizes: events, checkpoints, epochs, artifacts, what they take on disk, how much of\n"
             "the quota is in use and how much room the file system has, which projections are stale or stopped,\n"
             "and the process, if any, whose old snapshot keeps space from being used again.",
    .examples = "ledger stats --json | jq .map_used",
    .run = stats,
};
