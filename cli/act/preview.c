/* The ledger itself sorts and masks the fields, so the preview shows exactly what an append would write. What an append looks
 * up in its indexes under the write lock (the key, the subject's events) is read from the log here: a preview writes nothing,
 * so it cannot build these indexes. */
#include "cli/act/preview.h"

#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "cli/print/say.h"
#include "ledger/event/event.h"
#include "projections/act/checked.h"

#define FIELDS_MAX (2 * (EVENT_BODY_MAX + EVENT_PRIVATE_MAX))

/* What was found in the log; LOG_NO_SEQ: nothing. */
struct found {
    uint64_t size, same_key, cause, later; /* later: an event of the subject after none_after */
};

static int read_log(struct ledger *ledger, const struct log_draft *draft, struct found *ret, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event e;
    int rc = log_reader_open(ledger, 0, LOG_NO_SEQ, &reader, err);
    while (rc == 0 && (rc = log_reader_next(reader, &e, err)) == 0) {
        bool same_source = bytes_eq(e.source, draft->source);
        ret->size = e.seq + 1;
        if (same_source && draft->key.n > 0 && ret->same_key == LOG_NO_SEQ && bytes_eq(e.key, draft->key)) {
            ret->same_key = e.seq;
        }
        if (same_source && draft->cause_key.n > 0 && ret->cause == LOG_NO_SEQ && bytes_eq(e.key, draft->cause_key)) {
            ret->cause = e.seq;
        }
        if (draft->none_after != LOG_NO_SEQ && e.seq > draft->none_after && ret->later == LOG_NO_SEQ &&
            bytes_eq(e.subject, draft->subject)) {
            ret->later = e.seq;
        }
    }
    log_reader_close(reader);
    return rc < 0 ? rc : 0;
}

/* Refuses what an append would refuse under the write lock. */
static int check_log(const struct log_draft *draft, struct found *found, struct err *err) {
    if (found->same_key != LOG_NO_SEQ) return 0;
    if (found->later != LOG_NO_SEQ) {
        return err_set(err, ERR_CONFLICT, "the condition does not hold: '%.*s' has event %llu after %llu",
                       (int)draft->subject.n, (const char *)draft->subject.p, (unsigned long long)found->later,
                       (unsigned long long)draft->none_after);
    }
    if (draft->cause_type == LOG_CAUSE_KEY && found->cause == LOG_NO_SEQ) {
        return err_set(err, ERR_INVALID, "'cause_key' is '%.*s': no earlier event of the same source has this key",
                       (int)draft->cause_key.n, (const char *)draft->cause_key.p);
    }
    if (draft->cause_type == LOG_CAUSE_SEQ && draft->cause >= found->size) {
        return err_set(err, ERR_INVALID, "'cause' is %llu, but the event becomes %llu: it must be an earlier one",
                       (unsigned long long)draft->cause, (unsigned long long)found->size);
    }
    found->cause = draft->cause_type == LOG_CAUSE_SEQ ? draft->cause : found->cause;
    return 0;
}

static void put_decision(struct obj *obj, const struct decision *decision) {
    struct obj checked = {0}, evidence = {0};
    obj_bool(&checked, "legal", decision->yes);
    obj_text(&checked, "reason", decision->yes ? NULL : decision->reason);
    for (size_t i = 0; i < decision->n_evidence; i++) {
        obj_uint(&evidence, NULL, decision->evidence[i]);
    }
    obj_list(&checked, "evidence", &evidence);
    if (decision->note[0] != '\0') {
        obj_text(&checked, "note", decision->note);
    }
    obj_obj(obj, "checked", &checked);
}

void preview_put(struct obj *obj, const struct log_draft *draft, struct bytes body, struct bytes private_) {
    obj_str(obj, "kind", draft->kind);
    obj_str(obj, "subject", draft->subject);
    obj_str(obj, "actor", draft->actor);
    obj_str(obj, "source", draft->source);
    obj_str(obj, "grade", draft->grade);
    obj_str(obj, "run", draft->run);
    obj_str(obj, "key", draft->key);
    obj_raw(obj, "body", body);
    if (private_.n > 0) {
        obj_raw(obj, "private", private_);
    }
}

/* Is every field of the one in the other, with the same value? */
static bool holds_all(struct bytes map, struct bytes fields) {
    struct mp_reader r;
    struct mp_item item;
    struct bytes value, other;
    mp_reader_init(&r, fields);
    if (fields.n == 0 || mp_next(&r, &item, NULL) != 0) return true;
    for (uint32_t i = 0, n = item.count; i < n; i++) {
        char name[257];
        if (mp_next(&r, &item, NULL) != 0 || mp_skip(&r, 1, &value, NULL) != 0 || item.data.n >= sizeof(name)) {
            return true;
        }
        snprintf(name, sizeof(name), "%.*s", (int)item.data.n, (const char *)item.data.p);
        if (map.n == 0 || mp_map_get(map, name, &other) != 0 || !bytes_eq(other, value)) {
            return false;
        }
    }
    return true;
}

static void add_part(char ret[PREVIEW_PARTS_MAX], bool differs, const char *part) {
    if (differs) {
        size_t n = strlen(ret);
        snprintf(ret + n, PREVIEW_PARTS_MAX - n, "%s%s", n > 0 ? ", " : "", part);
    }
}

static int compare(struct ledger *ledger, const struct log_draft *draft, uint64_t seq, char ret[PREVIEW_PARTS_MAX],
                   bool *ret_erased, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event e;
    struct buf body = {.max = FIELDS_MAX}, private_ = {.max = FIELDS_MAX}, stored = {.max = FIELDS_MAX};
    uint32_t masked;
    int rc = log_draft_check(draft, &body, &private_, &masked, err);
    if (rc == 0) rc = log_reader_open(ledger, seq, seq + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &e, err);
    if (rc == 0 && e.has_private) rc = log_reader_private(reader, &stored, err);
    if (rc == 0) {
        ret[0] = '\0';
        *ret_erased = e.body.n == 0;
        add_part(ret, !bytes_eq(e.kind, draft->kind), "kind");
        add_part(ret, !bytes_eq(e.subject, draft->subject), "subject");
        add_part(ret, !bytes_eq(e.run, draft->run), "run");
        add_part(ret, e.body.n > 0 && !bytes_eq(e.body, bytes_of_buf(&body)), "body");
        add_part(ret, e.has_private != (private_.n > 0) || !holds_all(bytes_of_buf(&private_), bytes_of_buf(&stored)),
                 "private fields");
    }
    log_reader_close(reader);
    buf_done(&stored);
    buf_done(&private_);
    buf_done(&body);
    return rc;
}

int preview_same(struct ledger *ledger, const struct log_draft *draft, uint64_t seq, struct err *err) {
    char parts[PREVIEW_PARTS_MAX] = "";
    bool erased = false;
    int rc = compare(ledger, draft, seq, parts, &erased, err);
    if (rc == 0 && (erased || parts[0] != '\0')) {
        rc =
            err_set(err, ERR_CONFLICT,
                    "refused: event %llu has this source and key already, and %s%s%s: this one was not judged; another "
                    "event needs another key",
                    (unsigned long long)seq, erased ? "its body was erased" : "is another one (", parts, erased ? "" : ")");
    }
    return rc;
}

int preview_differs(struct ledger *ledger, const struct log_draft *draft, uint64_t seq, char ret[PREVIEW_PARTS_MAX],
                    struct err *err) {
    bool erased;
    return compare(ledger, draft, seq, ret, &erased, err);
}

int preview_print(struct cli *cli, struct ledger *ledger, const struct log_draft *draft, bool checked, bool *ret_new) {
    struct found found = {0, LOG_NO_SEQ, LOG_NO_SEQ, LOG_NO_SEQ};
    struct decision decision = {.yes = true};
    struct buf body = {.max = FIELDS_MAX}, private_ = {.max = FIELDS_MAX};
    struct err err = {0};
    uint32_t masked = 0;
    int rc = log_draft_check(draft, &body, &private_, &masked, &err), exit_code = 0;
    if (rc == 0 && ledger != NULL) rc = read_log(ledger, draft, &found, &err);
    if (rc == 0 && ledger != NULL) rc = check_log(draft, &found, &err);
    bool repeats = checked && found.same_key != LOG_NO_SEQ;
    rc = rc == 0 && repeats ? preview_same(ledger, draft, found.same_key, &err) : rc;
    bool asked = rc == 0 && checked && ledger != NULL && found.same_key == LOG_NO_SEQ;
    rc = asked ? checked_ask(ledger, draft, &decision, &err) : rc;
    if (rc != 0) {
        exit_code = rc == ERR_INVALID || rc == ERR_NOTFOUND ? cli_fail_input(cli, &err) : cli_fail(cli, &err);
    } else {
        struct obj obj = {0};
        obj_bool(&obj, "dry_run", true);
        preview_put(&obj, draft, bytes_of_buf(&body), bytes_of_buf(&private_));
        obj_uint(&obj, "cause", found.cause);
        obj_uint(&obj, "masked", masked);
        if (ledger == NULL || !decision.yes) { /* a refused draft does not become an event */
            obj_text(&obj, "seq", NULL);
        } else {
            obj_uint(&obj, "seq", found.same_key != LOG_NO_SEQ ? found.same_key : found.size);
        }
        if (ledger == NULL) {
            obj_text(&obj, "duplicate", NULL);
        } else {
            obj_bool(&obj, "duplicate", found.same_key != LOG_NO_SEQ);
        }
        if (asked) {
            put_decision(&obj, &decision);
        }
        if (asked && decision.note[0] != '\0') {
            cli_note(cli, "ledger: %s: %s", cli->command, decision.note);
        }
        exit_code = cli_print(cli, &obj, false);
        exit_code = exit_code == 0 && !decision.yes ? EXIT_NO : exit_code;
        *ret_new = decision.yes && found.same_key == LOG_NO_SEQ;
        obj_done(&obj);
    }
    buf_done(&private_);
    buf_done(&body);
    return exit_code;
}
