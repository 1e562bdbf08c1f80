/* Questions and the guests that answer them. Some run at once, others wait for their turn; what they print is read as it comes.
 *
 *   a request --> question: its commands --> waits --> runs, a guest each --> all have ended: the reply
 *                                              \--> too many wait: 503 */
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "serve/web/site.h"

#define RUNNING_MAX  4 /* guests at once: more would only share the processors */
#define WAITING_MAX  256
#define BUSY_RETRY_S 2

struct question;

struct said {
    struct question *question;
    struct guest_words words;
    struct guest guest;
    struct httpd_watch out, complaints;
    bool watches_out, watches_complaints;
    bool started, ended;
};

struct question {
    struct question *next;
    struct web *web;
    struct web_wait *wait;
    struct said said[WEB_ASKS_OF_ONE];
    size_t n;
};

struct web_asks {
    struct question *first, **last;
    size_t n, running;
};

static void go_on(struct web *w);

int web_asks_open(struct web *w, struct err *err) {
    w->asks = calloc(1, sizeof(*w->asks));
    if (w->asks == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    w->asks->last = &w->asks->first;
    return 0;
}

static void unwatch(struct web *w, struct said *s) {
    if (s->watches_out) httpd_unwatch(w->httpd, &s->out);
    if (s->watches_complaints) httpd_unwatch(w->httpd, &s->complaints);
    s->watches_out = s->watches_complaints = false;
}

static void end_guest(struct web *w, struct said *s) {
    if (s->started && !s->ended) w->asks->running--;
    unwatch(w, s);
    s->ended = true;
}

static void free_question(struct web *w, struct question *q) {
    for (size_t i = 0; i < q->n; i++) {
        end_guest(w, &q->said[i]);
        if (q->said[i].started) guest_done(&q->said[i].guest);
        guest_words_done(&q->said[i].words);
    }
    if (q->wait != NULL) q->wait->free(q->wait);
    free(q);
}

static void take_out(struct web_asks *asks, struct question *q) {
    struct question **link = &asks->first;
    while (*link != q) {
        link = &(*link)->next;
    }
    *link = q->next;
    if (asks->last == &q->next) asks->last = link;
    asks->n--;
}

static void finish(struct web *w, struct question *q) {
    struct web_said said[WEB_ASKS_OF_ONE] = {0};
    struct httpd_reply reply;
    take_out(w->asks, q);
    for (size_t i = 0; i < q->n; i++) {
        const struct guest *g = &q->said[i].guest;
        said[i] = (struct web_said){g->exit_code, g->end, bytes_of_buf(&g->said), bytes_of_buf(&g->complained)};
        w->counts.late += g->end == GUEST_LATE ? 1 : 0;
    }
    httpd_reply_init(w->httpd, &reply);
    q->wait->done(w, q->wait, said, q->n, &reply);
    web_answer(w, &q->wait->asked, &reply);
    free_question(w, q);
}

/* A descriptor that has ended is closed by guest_read, and no longer waited for. */
static void read_guest(struct said *s) {
    struct web *w = s->question->web;
    if (s->ended) return;
    bool ended = guest_read(&s->guest, clock_monotonic_ns());
    if (s->watches_out && s->guest.out < 0) {
        httpd_forget(w->httpd, &s->out);
        s->watches_out = false;
    }
    if (s->watches_complaints && s->guest.err_out < 0) {
        httpd_forget(w->httpd, &s->complaints);
        s->watches_complaints = false;
    }
    if (!ended) return;
    end_guest(w, s);
    struct question *q = s->question;
    bool all = true;
    for (size_t i = 0; i < q->n; i++) {
        all = all && q->said[i].ended;
    }
    if (all) finish(w, q);
    go_on(w);
}

static void on_out(struct httpd_watch *watch) {
    read_guest((struct said *)((char *)watch - offsetof(struct said, out)));
}

static void on_complaints(struct httpd_watch *watch) {
    read_guest((struct said *)((char *)watch - offsetof(struct said, complaints)));
}

static void start(struct web *w, struct said *s) {
    struct err err = {0};
    s->started = true;
    w->asks->running++;
    int rc = guest_start(w->options->program, &s->words, w->options->limit_ns, &s->guest, &err);
    if (rc == 0) {
        s->out = (struct httpd_watch){on_out, s->guest.out};
        s->complaints = (struct httpd_watch){on_complaints, s->guest.err_out};
        s->watches_out = httpd_watch(w->httpd, &s->out, NULL) == 0;
        s->watches_complaints = httpd_watch(w->httpd, &s->complaints, NULL) == 0;
        w->counts.questions++;
        return;
    }
    s->guest = (struct guest){.out = -1, .err_out = -1, .end = GUEST_DIED};
    buf_init(&s->guest.complained, GUEST_ERR_MAX);
    buf_put_str(&s->guest.complained, err.msg);
    end_guest(w, s);
}

/* Starts what may run now, oldest question first. One that fails to start counts as ended. */
static void go_on(struct web *w) {
    struct question *whole = NULL;
    for (struct question *q = w->asks->first; q != NULL && whole == NULL; q = q->next) {
        bool all = true;
        for (size_t i = 0; i < q->n; i++) {
            if (!q->said[i].started && w->asks->running < RUNNING_MAX) start(w, &q->said[i]);
            all = all && q->said[i].ended;
        }
        if (all) whole = q;
    }
    if (whole != NULL) {
        finish(w, whole);
        go_on(w);
    }
}

int web_ask(struct web *w, const struct web_call *call, struct guest_words *words, size_t n, struct web_wait *wait,
            struct err *err) {
    if (w->asks->n >= WAITING_MAX) return err_set(err, ERR_BUSY, "too many questions are waiting; try again");
    struct question *q = calloc(1, sizeof(*q));
    if (q == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    q->web = w;
    q->wait = wait;
    q->n = n;
    web_keep(call, &wait->asked);
    wait->size = web_size(w);
    for (size_t i = 0; i < n; i++) {
        q->said[i].question = q;
        q->said[i].words = words[i];
        words[i] = (struct guest_words){0};
    }
    *w->asks->last = q;
    w->asks->last = &q->next;
    w->asks->n++;
    for (size_t i = 0; i < n && w->asks->running < RUNNING_MAX; i++) {
        start(w, &q->said[i]);
    }
    return 0;
}

/* Ends one that has left. */
void web_asks_gone(struct web *w, const struct httpd_exchange *exchange) {
    for (struct question *q = w->asks->first; q != NULL; q = q->next) {
        if (q->wait->asked.exchange == exchange) {
            take_out(w->asks, q);
            free_question(w, q);
            return;
        }
    }
}

void web_asks_tick(struct web *w) {
    uint64_t now = clock_monotonic_ns();
    go_on(w);
    for (struct question *q = w->asks->first; q != NULL; q = q->next) {
        for (size_t i = 0; i < q->n; i++) {
            struct said *s = &q->said[i];
            if (s->started && !s->ended && now > s->guest.until) {
                read_guest(s);
                return; /* the list may be another one now; the rest has its turn in a moment */
            }
        }
    }
}

void web_asks_close(struct web *w) {
    while (w->asks != NULL && w->asks->first != NULL) {
        struct question *q = w->asks->first;
        take_out(w->asks, q);
        free_question(w, q);
    }
    free(w->asks);
    w->asks = NULL;
}
