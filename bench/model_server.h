/* A server of a model on the loopback whose answer is ready, so that it costs whoever asks the same. */
#ifndef BENCH_MODEL_SERVER_H
#define BENCH_MODEL_SERVER_H

#include <pthread.h>

#include "base/bytes.h"

struct model_server {
    int listener;
    unsigned port;
    bool keep, started;
    struct buf answer; /* all of it, with its head; filled in before the start */
    pthread_t thread;
};

void model_server_init(struct model_server *server);
/* One event of a streamed answer. */
void model_server_put_event(struct buf *out, int i);
/* `keep`: connections serve one request after the other; else one each. */
int model_server_start(struct model_server *server, bool keep, struct err *err);
/* Also one that was not started. */
void model_server_stop(struct model_server *server);

#endif
