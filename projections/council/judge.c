/* All that decides was folded (debates.c): what is left is to ask for the right debate. */
#include "projections/council/judge.h"

#include <stdio.h>

#include "projections/council/council.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

#define WORDS_MAX 256

/* "alice, bob" */
static void say_names(struct bytes raw, char ret[WORDS_MAX]) {
    struct list list;
    struct bytes item, name;
    struct buf out = {.max = WORDS_MAX - 1};
    list_open(&list, raw);
    while (list_next(&list, &item)) {
        if (list_name(item, "name", &name) && out.fail == 0 && out.n + name.n + 2 < WORDS_MAX) {
            buf_printf(&out, "%s%.*s", out.n > 0 ? ", " : "", REASON_NAME(name));
        }
    }
    snprintf(ret, WORDS_MAX, "%.*s", (int)out.n, out.n > 0 ? (const char *)out.p : "");
    buf_done(&out);
}

static void refuse(const struct row *row, struct bytes debate, struct decision *ret) {
    struct bytes says = row_text(row, DEBATES_SAYS), fault = row_text(row, DEBATES_FAULT);
    char names[WORDS_MAX];
    say_names(row_list(row, DEBATES_WAITING), names);
    if (fault.n > 0) {
        decide_no(ret, "debate '%.*s' is closed by an error: %.*s", REASON_NAME(debate), REASON_NAME(fault));
    } else if (!row_is(row, DEBATES_STATE, "open")) {
        decide_no(ret, "debate '%.*s' is %.*s, not accepted", REASON_NAME(debate),
                  REASON_NAME(row_text(row, DEBATES_STATE)));
    } else if (names[0] != '\0') {
        decide_no(ret, "debate '%.*s' waits in round %lld for the votes of %s", REASON_NAME(debate),
                  (long long)row_int(row, DEBATES_ROUND), names);
    } else {
        decide_no(ret, "debate '%.*s' is not concluded; its votes say %.*s", REASON_NAME(debate), REASON_NAME(says));
    }
}

int debate_judge(struct state_view *view, struct bytes debate, struct bytes target, struct bytes digest,
                 struct decision *ret, struct err *err) {
    struct row row;
    bool there = false;
    int rc = look_stored(view, "debates", &debate, 1, &row, &there, err);
    decide_begin(ret);
    if (rc == 0 && !there) {
        decide_no(ret, "there is no debate '%.*s'", REASON_NAME(debate));
    } else if (rc == 0) {
        struct bytes about = row_text(&row, DEBATES_TARGET), of = row_text(&row, DEBATES_DIGEST);
        decide_cite_row(ret, &row);
        if (target.n > 0 && !bytes_eq(target, about)) {
            decide_no(ret, "debate '%.*s' is about %.*s, not about '%.*s'", REASON_NAME(debate),
                      REASON_NAME(about.n > 0 ? about : bytes_of("nothing named")), REASON_NAME(target));
        } else if (digest.n > 0 && !bytes_eq(digest, of)) {
            decide_no(ret, "debate '%.*s' is about another digest, %.*s", REASON_NAME(debate),
                      REASON_NAME(of.n > 0 ? of : bytes_of("none")));
        } else if (!row_has(&row, DEBATES_VOTERS)) {
            decide_no(ret, "debate '%.*s' names no voters whose signed votes decide", REASON_NAME(debate));
        } else if (!row_is(&row, DEBATES_STATE, "accepted")) {
            refuse(&row, debate, ret);
        }
    }
    row_done(&row);
    return rc;
}

/* The newest of a sort. */
struct newest {
    int64_t opened;
    struct buf id, target;
};

static void take_newest(struct newest *n, const struct row *row) {
    if (row_int(row, ABOUT_OPENED_SEQ) <= n->opened) return;
    n->opened = row_int(row, ABOUT_OPENED_SEQ);
    buf_clear(&n->id);
    buf_clear(&n->target);
    buf_put_bytes(&n->id, row_text(row, ABOUT_DEBATE));
    buf_put_bytes(&n->target, row_text(row, ABOUT_TARGET));
}

/* Of those about a target or a digest the newest whose target begins so. */
static int find_newest(struct state_view *view, struct bytes what, const char *prefix, struct newest *newest,
                       struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = what.n > 0 ? look_rows(view, "debates_about", &what, 1, &rows, err) : 1;
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        if (bytes_has_prefix(row_text(row, ABOUT_TARGET), prefix)) {
            take_newest(newest, row);
        }
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

int debate_newest(struct state_view *view, struct bytes target, int64_t since, struct buf *ret, struct err *err) {
    struct newest newest = {since, {.max = ROW_TEXT_MAX}, {.max = ROW_TEXT_MAX}};
    int rc = find_newest(view, target, "", &newest, err);
    buf_put_bytes(ret, bytes_of_buf(&newest.id));
    buf_done(&newest.id);
    buf_done(&newest.target);
    return rc == 0 ? buf_check(ret, "a debate's name", err) : rc;
}

static enum debate_next next_of(const struct row *row) {
    struct list list;
    list_open(&list, row_list(row, DEBATES_WAITING));
    return !row_is(row, DEBATES_STATE, "open") ? DEBATE_NEXT_ANEW : list.left > 0 ? DEBATE_NEXT_VOTE : DEBATE_NEXT_CONCLUDE;
}

/* Judges one of the two, and says so if it bars. */
static int judge_newest(struct state_view *view, const struct newest *n, struct bytes target, struct bytes digest,
                        struct debate_standing *ret, struct err *err) {
    struct bytes id = bytes_of_buf(&n->id), about = bytes_of_buf(&n->target);
    bool foreign = !bytes_eq(about, target);
    struct decision one;
    struct row row;
    int rc = debate_judge(view, id, foreign ? (struct bytes){0} : target, digest, &one, err);
    for (size_t i = 0; rc == 0 && i < one.n_evidence; i++) {
        decide_cite(&ret->decision, one.evidence[i]);
    }
    if (rc != 0) return rc;
    rc = look_stored(view, "debates", &id, 1, &row, NULL, err);
    if (rc == 0) {
        struct list voters;
        list_open(&voters, row_list(&row, DEBATES_VOTERS));
        ret->voters = !ret->there || voters.left < ret->voters ? voters.left : ret->voters;
        ret->there = true;
        snprintf(ret->state, sizeof(ret->state), "%.*s",
                 REASON_PART(row_text(&row, DEBATES_STATE), sizeof(ret->state) - 1));
    }
    if (rc == 0 && !one.yes) {
        decide_no(&ret->decision, "%s%s%.*s", one.reason, foreign ? "; it is about the same candidate, in " : "",
                  REASON_NAME(foreign ? about : (struct bytes){0}));
        ret->next = next_of(&row);
        snprintf(ret->about, sizeof(ret->about), "%.*s", about.n < sizeof(ret->about) ? (int)about.n : 0,
                 about.n > 0 ? (const char *)about.p : "");
    }
    row_done(&row);
    return rc;
}

int debate_stands(struct state_view *view, struct bytes target, int64_t since, struct bytes digest,
                  struct debate_standing *ret, struct err *err) {
    struct newest own = {since, {.max = ROW_TEXT_MAX}, {.max = ROW_TEXT_MAX}};
    struct newest same = {-1, {.max = ROW_TEXT_MAX}, {.max = ROW_TEXT_MAX}};
    int rc = find_newest(view, target, "", &own, err);
    if (rc == 0) rc = find_newest(view, digest, "promotion/", &same, err);
    if (rc == 0) rc = buf_check(&own.id, "a debate's name", err);
    if (rc == 0) rc = buf_check(&same.id, "a debate's name", err);
    *ret = (struct debate_standing){.next = DEBATE_NEXT_ANEW};
    decide_begin(&ret->decision);
    if (rc == 0 && own.id.n > 0) rc = judge_newest(view, &own, target, digest, ret, err);
    if (rc == 0 && ret->decision.yes && same.id.n > 0 && same.opened != own.opened) {
        rc = judge_newest(view, &same, target, digest, ret, err);
    }
    buf_done(&own.id);
    buf_done(&own.target);
    buf_done(&same.id);
    buf_done(&same.target);
    return rc;
}
