/* A model's endpoint as what answers a suite's cases: one connection a lane, kept between samples. */
#ifndef EVALS_RUN_ENDPOINT_H
#define EVALS_RUN_ENDPOINT_H

#include "evals/run/types.h"
#include "work/model.h"

struct run_endpoint_options {
    enum work_protocol protocol;
    const char *url, *key_file; /* key_file NULL: none */
    const char *model;
    const char *weights; /* file of the model's weights, where the server does not state their digest; NULL: none */
    bool off_box;        /* it may be on another machine */
    unsigned lanes;      /* as many as samples may be in flight */
    struct work_stop stop;
    const struct run_binding
        *route; /* what the route says: route, config_digest, pack, pack_version; NULL: there is none */
};

struct run_endpoint;
/* Contacts nobody. Copies everything but the stop. The codes of work_model_open. */
int run_endpoint_open(const struct run_endpoint_options *options, struct run_endpoint **ret, struct err *err);
struct run_subject run_endpoint_subject(struct run_endpoint *endpoint);
void run_endpoint_close(struct run_endpoint *endpoint); /* NULL is fine */

/* Did nobody look at the question, so that it can be put again? Nobody listens, or the server says that it does not serve
 * now (429, 503). */
bool endpoint_is_away(const struct work_model_result *result);

/* What a case says to a model, as one text for the record: messages with their roles, or the text alone. */
void run_prompt_put(const struct suite_case *one, struct buf *out);

#endif
