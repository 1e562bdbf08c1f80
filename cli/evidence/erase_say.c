/* Erased content cannot be looked at any more, so the answer names events and fields, what was left alone and why, and
 * who has a copy. */
#include "cli/evidence/erase_say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/evidence/question.h"
#include "cli/print/receipt.h"
#include "cli/print/say.h"

#define LINE_MAX_ 8192

void erase_said_done(struct erase_said *said) {
    for (size_t i = 0; i < said->n_done; i++) {
        free(said->done[i].what);
    }
    free(said->done);
    said->done = NULL;
    said->n_done = 0;
}

/* ---- lines, on standard output or standard error ---- */

static void put_line(const struct erase_said *said, bool before, struct buf *line) {
    buf_put_u8(line, 0);
    if (line->fail == 0 && before) {
        out_error("%s", (const char *)line->p);
    } else if (line->fail == 0) {
        out_safe(said->cli, bytes_of((const char *)line->p));
        out_str(said->cli, "\n");
    }
    buf_clear(line);
}

static void put_left_alone(const struct erase_said *said, bool before, struct buf *line) {
    const struct erase_plan *plan = said->plan;
    for (int bar = ERASE_NO_EVENT; bar < ERASE_BARS; bar++) {
        uint64_t n = plan->barred[bar].n;
        if (n == 0) continue;
        buf_printf(line, "left alone: %llu event%s %s (", (unsigned long long)n, n == 1 ? "" : "s",
                   erase_bar_text(plan, (enum erase_bar)bar));
        for (uint64_t i = 0; i < n && i < ERASE_BAR_SEQS; i++) {
            buf_printf(line, "%s%llu", i == 0 ? "seq " : ", ", (unsigned long long)plan->barred[bar].seq[i]);
        }
        buf_put_str(line, n > ERASE_BAR_SEQS ? ", ...)" : ")");
        put_line(said, before, line);
    }
}

static void put_left(const struct erase_said *said, bool before, struct buf *line) {
    for (size_t i = 0; i < said->left->n; i++) {
        const struct erase_export *x = &said->left->export[i];
        char time[TEXT_TIME_MAX];
        question_time(time, x->time);
        buf_printf(line, "%.19sZ: ", time);
        if (x->events > 0) {
            buf_printf(line, "of %llu event%s it left the box in export %llu", (unsigned long long)x->events,
                       x->events == 1 ? "" : "s", (unsigned long long)x->seq);
        }
        if (x->maybe > 0) {
            buf_printf(line,
                       x->events > 0 ? ", of %llu more it may have" : "of %llu it may have left the box in export %llu",
                       (unsigned long long)x->maybe, (unsigned long long)x->seq);
        }
        if (x->recipient[0] != '\0') {
            buf_printf(line, ", for '%s'", x->recipient);
        }
        if (x->path[0] != '\0') {
            buf_printf(line, ", as %s", x->path);
        }
        put_line(said, before, line);
    }
    if (said->left->n > 0) {
        buf_put_str(line, "no erasure reaches these copies, nor backups");
        put_line(said, before, line);
    }
}

/* What is erased in all events of the plan together. */
static void put_erased(const struct erase_plan *plan, struct buf *line) {
    uint64_t fields = 0;
    for (size_t i = 0; i < plan->n; i++) {
        fields |= plan->item[i].fields;
    }
    erase_plan_words(plan, fields, plan->n, line);
    if (plan->what == LOG_ERASE_PRIVATE) {
        buf_printf(line, ", %llu field%s in all", (unsigned long long)plan->n_gone, plan->n_gone == 1 ? "" : "s");
    }
}

void erase_say_before(const struct erase_said *said) {
    struct buf line = {.max = LINE_MAX_};
    buf_put_str(&line, "to be erased: ");
    put_erased(said->plan, &line);
    put_line(said, true, &line);
    put_left_alone(said, true, &line);
    put_left(said, true, &line);
    buf_done(&line);
}

/* ---- after it ---- */

void erase_say_done(void *ctx, const struct log_erase_options *o, const struct log_receipt *receipt) {
    struct erase_said *said = ctx;
    struct erase_done *more = realloc(said->done, (said->n_done + 1) * sizeof(*more));
    struct erase_plan words = {.what = o->what, .fields = o->fields, .n_fields = o->n_fields};
    struct buf text = {.max = LINE_MAX_};
    if (more == NULL) {
        return; /* the erasure is done anyway, and its event records it */
    }
    said->done = more;
    if (o->what == LOG_ERASE_ARTIFACT) {
        buf_put_str(&text, o->artifact);
    } else {
        erase_plan_words(&words, UINT64_MAX, o->n_seqs, &text);
    }
    buf_put_u8(&text, 0);
    more[said->n_done++] = (struct erase_done){
        .receipt = *receipt, .events = o->n_seqs, .what = text.fail == 0 ? strdup((const char *)text.p) : NULL};
    buf_done(&text);
}

void erase_say_files(struct obj *obj, bool gone, uint64_t pid) {
    obj_bool(obj, "finished", gone);
    obj_uint(obj, "held_by", gone || pid == 0 ? LOG_NO_SEQ : pid);
}

static void json_stays(struct obj *obj, const struct erase_plan *plan) {
    struct obj stays = {0};
    for (int bar = ERASE_NO_EVENT; bar < ERASE_BARS; bar++) {
        if (plan->barred[bar].n > 0) {
            obj_uint(&stays, erase_bar_name((enum erase_bar)bar), plan->barred[bar].n);
        }
    }
    obj_obj(obj, "left_alone", &stays);
}

static void json_left(struct obj *obj, const struct erase_left *left) {
    struct obj list = {0};
    for (size_t i = 0; i < left->n; i++) {
        const struct erase_export *x = &left->export[i];
        struct obj one = {0};
        obj_uint(&one, "seq", x->seq);
        obj_time(&one, "time", x->time);
        obj_uint(&one, "events", x->events);
        obj_uint(&one, "maybe", x->maybe);
        obj_text(&one, "recipient", x->recipient[0] != '\0' ? x->recipient : NULL);
        obj_text(&one, "path", x->path[0] != '\0' ? x->path : NULL);
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "exports", &list);
}

static int print_json(const struct erase_said *said, const struct log_head *head) {
    struct obj obj = {0}, list = {0};
    uint64_t events = 0;
    for (size_t i = 0; i < said->n_done; i++) {
        struct obj one = {0};
        obj_uint(&one, "seq", said->done[i].receipt.seq);
        obj_uint(&one, "events", said->done[i].events);
        obj_text(&one, "what", said->done[i].what);
        obj_obj(&list, NULL, &one);
        events += said->done[i].events;
    }
    receipt_put(&obj, &said->done[said->n_done - 1].receipt, head);
    erase_say_files(&obj, said->gone, said->pid);
    obj_list(&obj, "erased", &list);
    if (said->plan != NULL) {
        obj_uint(&obj, "events", events);
        obj_uint(&obj, "fields", said->plan->n_gone);
        json_stays(&obj, said->plan);
        json_left(&obj, said->left);
    }
    int exit_code = cli_print(said->cli, &obj, true);
    return exit_code;
}

int erase_say(const struct erase_said *said, struct ledger *ledger) {
    struct log_head head = {0};
    struct err err = {0};
    struct buf line = {.max = LINE_MAX_};
    if (said->cli->json) {
        int rc = log_head(ledger, &head, &err);
        return rc != 0 ? cli_fail(said->cli, &err) : print_json(said, &head);
    }
    for (size_t i = 0; i < said->n_done; i++) {
        buf_printf(&line, "erased %s; event %llu says so%s", said->done[i].what != NULL ? said->done[i].what : "it",
                   (unsigned long long)said->done[i].receipt.seq, said->gone ? "" : " (old files are still there)");
        put_line(said, false, &line);
    }
    if (said->plan != NULL) {
        put_left_alone(said, false, &line);
        put_left(said, false, &line);
    }
    buf_done(&line);
    return cli_end(said->cli, EXIT_GOOD);
}

/* ---- instead of it ---- */

static int list_one(const struct erase_said *said, struct log_reader *reader, const struct erase_item *item,
                    struct err *err) {
    const struct erase_plan *plan = said->plan;
    struct cli *cli = said->cli;
    struct log_event event;
    log_reader_seek(reader, item->seq);
    int rc = log_reader_next(reader, &event, err);
    if (rc != 0) return rc;
    out_printf(cli, "%10llu  ", (unsigned long long)item->seq);
    out_safe(cli, event.kind);
    out_str(cli, "  ");
    out_safe(cli, event.subject);
    if (plan->what == LOG_ERASE_BODY) {
        out_str(cli, "  its body");
    } else if (plan->n_fields == 0) {
        out_printf(cli, "  %zu private field%s", item->n_fields, item->n_fields == 1 ? "" : "s");
    }
    for (size_t i = 0, n = 0; i < plan->n_fields; i++) {
        if ((item->fields >> i & 1) != 0) {
            out_str(cli, n++ == 0 ? "  " : ", ");
            out_safe(cli, bytes_of(plan->fields[i]));
        }
    }
    out_str(cli, "\n");
    return 0;
}

static int plan_json(const struct erase_said *said) {
    const struct erase_plan *plan = said->plan;
    struct obj obj = {0}, list = {0};
    for (size_t i = 0; i < plan->n; i++) {
        obj_uint(&list, NULL, plan->item[i].seq);
    }
    obj_bool(&obj, "dry_run", true);
    obj_uint(&obj, "events", plan->n);
    obj_uint(&obj, "fields", plan->n_gone);
    obj_list(&obj, "seqs", &list);
    json_stays(&obj, plan);
    json_left(&obj, said->left);
    int exit_code = cli_print(said->cli, &obj, false);
    return exit_code;
}

int erase_say_plan(const struct erase_said *said, struct ledger *ledger) {
    struct log_reader *reader = NULL;
    struct err err = {0};
    struct buf line = {.max = LINE_MAX_};
    if (said->cli->json) return plan_json(said);
    int rc = log_reader_open(ledger, 0, LOG_NO_SEQ, &reader, &err);
    for (size_t i = 0; i < said->plan->n && rc == 0 && out_good(said->cli); i++) {
        rc = list_one(said, reader, &said->plan->item[i], &err);
    }
    log_reader_close(reader);
    if (rc != 0) return cli_fail(said->cli, &err);
    buf_put_str(&line, "would erase ");
    put_erased(said->plan, &line);
    put_line(said, false, &line);
    put_left_alone(said, false, &line);
    put_left(said, false, &line);
    buf_done(&line);
    return cli_end(said->cli, EXIT_GOOD);
}
