/* Numbers are exact; texts of times accompany them. */
#include "lib/json/question.h"

#include <string.h>

#include "base/text.h"

void question_time(char *ret, uint64_t ns) {
    text_time(ret, ns);
    if (ns % 1000000000 == 0) {
        memcpy(ret + strlen("2026-11-21T00:32:38"), "Z", 2);
    }
}

/* A time both for people and exact. */
static void put_time(struct obj *obj, const char *name, const char *exact, bool there, uint64_t ns) {
    char time[TEXT_TIME_MAX];
    question_time(time, ns);
    obj_text(obj, name, there ? time : NULL);
    if (there) {
        obj_time(obj, exact, ns);
    } else {
        obj_text(obj, exact, NULL);
    }
}

static void put_list(struct obj *obj, const char *name, const struct bytes *names, size_t n) {
    struct obj list = {0};
    for (size_t i = 0; i < n; i++) {
        obj_str(&list, NULL, names[i]);
    }
    obj_list(obj, name, &list);
}

static void put_question(struct obj *obj, const struct export_question *q) {
    struct obj asked = {0}, filter = {0};
    for (size_t i = 0; i < q->n_terms; i++) {
        struct obj term = {0};
        obj_text(&term, "field", q->term[i].field);
        obj_text(&term, "op", q->term[i].op == EXPORT_EQUALS ? "equals" : "prefix");
        obj_str(&term, "value", q->term[i].value);
        obj_obj(&filter, NULL, &term);
    }
    obj_text(&asked, "proof", "none: the exporter's word, signed by the log key");
    obj_text(&asked, "exporter", q->exporter);
    obj_list(&asked, "filter", &filter);
    put_time(&asked, "since", "since_ns", q->has_since, q->since);
    put_time(&asked, "until", "until_ns", q->has_until, q->until);
    obj_uint(&asked, "from", q->from);
    obj_uint(&asked, "to", q->to);
    obj_uint(&asked, "size", q->size);
    obj_bool(&asked, "sparse", q->sparse);
    obj_text(&asked, "bodies", export_bodies_name(q->bodies));
    put_list(&asked, "private", q->private_, q->n_private);
    obj_bool(&asked, "artifacts", q->artifacts);
    put_list(&asked, "states", q->states, q->n_states);
    obj_obj(obj, "question", &asked);
}

static void put_seqs(struct obj *obj, const char *name, const struct export_tally *t) {
    struct obj seqs = {0};
    for (uint64_t i = 0; i < t->n && i < EXPORT_TALLY_SEQS; i++) {
        obj_uint(&seqs, NULL, t->seq[i]);
    }
    obj_list(obj, name, &seqs);
}

static void put_kind(struct obj *kinds, const struct export_kind *kind) {
    struct obj o = {0}, failed = {0};
    obj_text(&o, "kind", kind->name);
    obj_uint(&o, "disclosed", kind->fate[EXPORT_DISCLOSED].n);
    obj_uint(&o, "withheld", kind->fate[EXPORT_WITHHELD].n);
    obj_uint(&o, "erased", kind->fate[EXPORT_ERASED].n);
    obj_uint(&o, "undisclosed", kind->fate[EXPORT_LEFT_OUT].n);
    put_seqs(&o, "undisclosed_seqs", &kind->fate[EXPORT_LEFT_OUT]);
    for (size_t i = 0; i < EXPORT_MISSES; i++) {
        if (kind->missed[i] > 0) {
            obj_uint(&failed, export_miss_name(i), kind->missed[i]);
        }
    }
    obj_obj(&o, "failed", &failed);
    obj_uint(&o, "stand_out", kind->stands_out.n);
    put_seqs(&o, "stand_out_seqs", &kind->stands_out);
    obj_obj(kinds, NULL, &o);
}

void question_put(struct obj *obj, const struct export_question *q) {
    struct obj answer = {0}, kinds = {0};
    if (!q->known) {
        obj_text(obj, "question", NULL);
        obj_text(obj, "answer", NULL);
        return;
    }
    put_question(obj, q);
    for (size_t i = 0; i < q->n_kinds; i++) {
        put_kind(&kinds, &q->kind[i]);
    }
    if (q->n_kinds == EXPORT_KINDS_MAX) {
        put_kind(&kinds, &q->others);
    }
    obj_text(&answer, "proof", "headers in the sealed tree");
    obj_bool(&answer, "complete", !q->sparse);
    obj_uint(&answer, "headers", q->n_events);
    put_time(&answer, "first_time", "first_time_ns", q->n_events > 0, q->first_time);
    put_time(&answer, "last_time", "last_time_ns", q->n_events > 0, q->last_time);
    obj_uint(&answer, "not_disclosed", export_hidden(q));
    obj_uint(&answer, "stand_out", export_stand_out(q));
    obj_list(&answer, "kinds", &kinds);
    obj_obj(obj, "answer", &answer);
}
