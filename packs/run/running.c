/* Look-ups in a run; packs are small. */
#include "packs/run/running.h"

#include "base/crypt.h"
#include "base/text.h"
#include "ledger/core/config.h"

static const char *const status_names[] = {"waiting", "ok", "error", "refused", "skipped"};

const char *run_status_name(enum run_status status) {
    return status_names[status];
}

size_t running_step(const struct running *run, struct bytes id) {
    for (size_t i = 0; i < run->pack->steps.n; i++) {
        if (bytes_eq(run->pack->steps.items[i].id, id)) return i;
    }
    return SIZE_MAX;
}

const struct datum *running_datum(const struct running *run, struct bytes name) {
    for (size_t i = 0; i < run->pack->steps.n; i++) {
        const struct manifest_step *step = &run->pack->steps.items[i];
        for (size_t j = 0; j < step->outputs.n; j++) {
            const struct datum *datum = &run->steps[i].data[j];
            if (bytes_eq(step->outputs.items[j], name)) return datum->made ? datum : NULL;
        }
    }
    return NULL;
}

bool running_stopped(const struct running *run) {
    return run->options->stop != NULL && *run->options->stop != 0;
}

void running_span(char ret[RUNNING_SPAN]) {
    uint8_t id[(RUNNING_SPAN - 1) / 2];
    crypt_random(id, sizeof(id));
    text_hex(ret, id, sizeof(id));
}

int running_host(struct ledger *ledger, const char *user, bool unconfined, struct work_host **ret, struct err *err) {
    struct config config;
    int rc = config_load(log_dir(ledger), &config, err);
    if (rc != 0) return rc;
    const struct work_host_options how = {.user = user != NULL               ? user
                                                  : config.step_user[0] != 0 ? config.step_user
                                                                             : NULL,
                                          .unconfined = unconfined};
    rc = work_host_open(&how, ret, err);
    if (rc == ERR_NOTFOUND || rc == ERR_VERSION) err_prefix(err, "steps cannot be confined");
    return rc;
}
