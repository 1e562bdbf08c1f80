/* The source "openai": one look at a server, or files with its answers. */
#include "ingest/openai/openai.h"

int openai_read(struct intake *run, struct err *err) {
    const struct ingest_options *o = intake_options(run);
    if (o->n_from > 0 && (o->url != NULL || o->token_file != NULL)) {
        return err_set(err, ERR_INVALID, "saved answers (--from) take no %s", o->url != NULL ? "address" : "token");
    }
    if (o->n_from > 0) return openai_saved_read(run, o->from, o->n_from, err);
    if (o->url == NULL) {
        return err_set(err, ERR_INVALID, "which server? give its address, such as http://127.0.0.1:8080, or --from FILE");
    }
    return openai_look(run, o->url, err);
}
