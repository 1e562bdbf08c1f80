/* What the files of this room share. Internal to serve/web. */
#ifndef SERVE_WEB_SITE_H
#define SERVE_WEB_SITE_H

#include "base/http/server.h"
#include "base/http/target.h"
#include "serve/access/meter.h"
#include "serve/access/session.h"
#include "serve/guest/guest.h"
#include "serve/web/web.h"

#define WEB_EXTRA_MAX 1024
#define WEB_TAG_MAX   128
#define WEB_ID        17 /* of a request: 16 hexadecimal digits and NUL */

struct web;
struct web_now;
struct web_asks;
struct web_pool;
struct web_access;
struct web_writer;
struct web_warm;
struct web_stream;

struct web_call {
    const struct httpd_request *request;
    const struct web_route *route;
    struct httpd_target target;
    char id[WEB_ID];                  /* that answers and problems carry */
    char holder[ACCESS_NAME_MAX + 1]; /* the token's name, "page", or "" where nobody is asked */
    struct bytes session;             /* of the pages; empty: a token, or nobody */
};

/* What is kept of a call until it is answered. */
struct web_asked {
    struct httpd_exchange *exchange; /* NULL: who asked has left */
    char id[WEB_ID], none_match[WEB_TAG_MAX], holder[ACCESS_NAME_MAX + 1];
};
void web_keep(const struct web_call *call, struct web_asked *ret);

typedef void web_answer_fn(struct web *w, struct web_call *call, struct httpd_reply *reply);

struct web_route {
    const char *method, *path, *id;
    unsigned scope; /* 0: none is needed */
    web_answer_fn *answer;
    const char *tool, *about;
};
#define WEB_ROUTES_MAX 64
#define WEB_PAGES      (ACCESS_READ_STATES | ACCESS_READ_EVENTS | ACCESS_VERIFY) /* pages show all of it */
extern const struct web_route web_routes[];
extern const size_t web_n_routes;

struct web_counts {
    uint64_t requests[6]; /* by the first digit of the status */
    uint64_t questions, late, refused, viewers;
};

struct web {
    const struct web_options *options;
    struct httpd *httpd;
    struct web_now *now;
    struct web_asks *asks;
    struct web_pool *pool;
    struct web_access *access;
    struct web_writer *writer;
    struct web_warm *warm;
    struct web_stream *stream;
    struct web_counts counts;
    uint64_t ids;
    bool closes;
    char url[HTTPD_ADDRESS_MAX + 16];
    char extra[WEB_EXTRA_MAX]; /* header lines of the answer that is being made */
};

web_answer_fn web_answer_health, web_answer_metrics, web_answer_openapi, web_answer_head, web_answer_question,
    web_answer_event, web_answer_state, web_answer_stream, web_answer_login, web_answer_enter, web_answer_file,
    web_answer_page, web_answer_append, web_answer_job;

/* Answers what was put off. */
void web_answer(struct web *w, const struct web_asked *asked, struct httpd_reply *reply);

/* ---- who ---- */

int web_access_open(struct web *w, struct err *err);
void web_access_close(struct web *w);
/* Reads the tokens again if they changed, and has recorded what is due. */
void web_access_tick(struct web *w);
/* Records all that is not recorded yet; at the end, when no thread works any more. */
void web_access_flush(struct web *w);
/* A new code for the page; false: it is too soon for another. */
bool web_new_code(struct web *w, char ret[SESSION_CODE]);
/* A session for who has the code. */
bool web_enter(struct web *w, struct bytes code, char ret_id[SESSION_ID]);
/* May who asks have this? False: the reply says why not. */
bool web_may(struct web *w, struct web_call *call, struct httpd_reply *reply);
/* May the token of this call append events of this kind? */
bool web_may_kind(const struct web *w, const struct web_call *call, struct bytes kind);
/* Notes an answer, or a refusal, for the records. */
void web_note_read(struct web *w, const char *holder, uint64_t bytes);
void web_note_refused(struct web *w, enum access_reason reason, const char *peer);

/* ---- problem ---- */

/* Makes the reply a problem document: status, its code as a word, and what is wrong. */
void web_problem(struct web *w, struct httpd_reply *reply, unsigned status, const char *id, const char *detail);
/* The status that says the same as an error of this program. */
unsigned web_status_of(int code);
/* The same for one of the library's errors. */
void web_fail(struct web *w, struct httpd_reply *reply, const char *id, int code, const char *message);
/* The reply's JSON gets an entity tag, of the ledger's size and its own digest; 304 if the client has it. */
void web_tagged(struct web *w, const struct web_asked *asked, struct httpd_reply *reply, uint64_t size);
void web_tagged_now(struct web *w, const struct web_call *call, struct httpd_reply *reply, uint64_t size);
void web_json(struct web *w, struct httpd_reply *reply, const char *id);
/* A field of the request, trimmed; empty when there is none. */
struct bytes web_field(const struct httpd_request *request, const char *name);

/* ---- ask ---- */

struct web_said {
    int exit_code;
    enum guest_end end;
    struct bytes out, complaint;
};

/* Who waits for the answers of commands. */
struct web_wait {
    /* Makes the reply; then the wait is over. */
    void (*done)(struct web *w, struct web_wait *wait, const struct web_said *said, size_t n, struct httpd_reply *reply);
    void (*free)(struct web_wait *wait);
    struct web_asked asked;
    uint64_t size; /* of the ledger, when it was asked */
};

int web_asks_open(struct web *w, struct err *err);
void web_asks_close(struct web *w);
/* Ends those that take too long. */
void web_asks_tick(struct web *w);
void web_asks_gone(struct web *w, const struct httpd_exchange *exchange);
/* Puts the exchange off until all commands have said their answers. Takes over the words and, if it returns 0, the wait. ERR_BUSY: too many
 * questions wait already; ERR_NOMEM. */
int web_ask(struct web *w, const struct web_call *call, struct guest_words *words, size_t n, struct web_wait *wait,
            struct err *err);
#define WEB_ASKS_OF_ONE 8
/* The options of every command: this ledger, JSON, and no talk. */
int web_begin_words(const struct web *w, struct guest_words *ret, struct err *err);

/* The size of the ledger, or 0 if it cannot be read. */
uint64_t web_size(const struct web *w);

/* ---- pool ---- */

/* An answer that a thread makes. */
struct web_work {
    void (*make)(struct web *w, struct web_work *work); /* in the thread: touches only what the work owns */
    void (*done)(struct web *w, struct web_work *work, struct httpd_reply *reply);
    void (*free)(struct web_work *work);
    struct web_asked asked;
    bool alone;
    struct web_work *next;              /* the pool's */
    struct web_work *following, **link; /* the loop's */
};

int web_pool_open(struct web *w, struct err *err);
void web_pool_close(struct web *w);
void web_pool_gone(struct web *w, const struct httpd_exchange *exchange);
/* Takes over the work if it returns 0; the call is answered later. ERR_BUSY. */
int web_work(struct web *w, const struct web_call *call, struct web_work *work, struct err *err);
/* The same of work that nobody waits for; `done` is called without a reply. */
int web_work_alone(struct web *w, struct web_work *work, struct err *err);

/* ---- now ---- */

int web_now_open(struct web *w, struct err *err);
void web_now_close(struct web *w);
/* Is it a question for one row as it is now, which costs little? */
bool web_is_row(const struct web_call *call);
/* Closes states that are too old to be answered from, and files that were replaced: they would hold back an erasure. */
void web_now_tick(struct web *w);
void web_now_gone(struct web *w, const struct httpd_exchange *exchange);

/* ---- warm ---- */

int web_warm_open(struct web *w, struct err *err);
void web_warm_close(struct web *w);

/* ---- append ---- */

int web_writer_open(struct web *w, struct err *err);
/* Writes what is queued, and ends. */
void web_writer_close(struct web *w);
void web_writer_gone(struct web *w, const struct httpd_exchange *exchange);

/* ---- stream ---- */

int web_stream_open(struct web *w, struct err *err);
void web_stream_close(struct web *w);
void web_stream_tick(struct web *w);
void web_stream_gone(struct web *w, const struct httpd_exchange *exchange);

#endif
