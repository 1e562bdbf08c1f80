/* An event as a client sends it, and what it becomes. Internal to serve/web. */
#ifndef SERVE_WEB_DRAFT_H
#define SERVE_WEB_DRAFT_H

#include "ledger/log.h"
#include "serve/web/site.h"

#define DRAFT_SUBJECT_MAX 300
#define DRAFT_KEY_MAX     256 /* as it is stored: "NAME/KEY" */

struct adding {
    struct adding *next;              /* in a queue */
    struct adding *following, **link; /* the loop's */
    struct web_asked asked;
    struct buf doc; /* what the draft borrows */
    struct log_draft draft;
    char actor[ACCESS_NAME_MAX + 16], subject[DRAFT_SUBJECT_MAX], key[DRAFT_KEY_MAX];
    bool together; /* the thread's own: with others in one transaction */
    struct log_receipt receipt;
    struct err err;
    int code;
};

/* Makes the draft of a request; ERR_INVALID, ERR_LIMIT, ERR_NOTFOUND name the member and what is expected. ERR_TAMPERED: a kind that is
 * not taken from any token. */
int draft_event(const struct web_call *call, struct adding *a, struct err *err);
/* The same of a step of a job, whose path says which. */
int draft_job(const struct web_call *call, struct adding *a, struct err *err);

#endif
