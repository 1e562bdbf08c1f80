/* A step's report by HTTP: one request to a connection, POST /v1/traces or /v1/logs with a JSON body, judged as any other
 * listener judges one (base/http/guard.h). Its body is handed on as a line is. */
#ifndef WORK_RUN_POST_H
#define WORK_RUN_POST_H

#include "base/http/body.h"
#include "base/http/read.h"
#include "work/process.h"

struct post {
    struct buf head;
    struct httpd_scan scan;
    struct httpd_body body;
    bool in_body;
};

/* Whether a connection that begins with this byte speaks HTTP: a report in lines begins with '{' or a blank. */
bool run_post_begins(uint8_t first);
void run_post_init(struct post *post);
void run_post_done(struct post *post);
/* Takes what has arrived. 1: it was answered, and the connection is to be closed; *ret_good: its body is post->body.content.
 * 0: more is needed. ERR_NOMEM. */
int run_post_take(struct post *post, int fd, struct bytes in, bool *ret_good, struct err *err);
/* Says that the body was taken. */
void run_post_accept(int fd);

#endif
