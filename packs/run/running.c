/* Look-ups in a run; packs are small. */
#include "packs/run/running.h"

#include <poll.h>

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

bool running_serves(const struct running *run, const struct manifest_step *step, struct bytes route) {
    struct bytes name = step->route;
    for (size_t i = 0; i < run->pack->routes.n && name.n > 0; i++) {
        const struct manifest_route *is = manifest_route(run->pack, name);
        if (bytes_eq(name, route)) return true;
        name = is != NULL ? is->fallback : (struct bytes){0};
    }
    return false;
}

struct bytes running_route(const struct running *run, const struct manifest_step *step) {
    const struct run_part *part = run->options->part;
    bool other = part != NULL && part->route != NULL && running_serves(run, step, bytes_of(part->route));
    return other ? bytes_of(part->route) : step->route;
}

static bool makes(const struct manifest_step *step, struct bytes output) {
    for (size_t i = 0; i < step->outputs.n; i++) {
        if (bytes_eq(step->outputs.items[i], output)) return true;
    }
    return false;
}

/* What the steps that are wanted need is wanted too. True: something was added. */
static bool want_more(struct running *run, size_t index) {
    const struct manifest_step *step = &run->pack->steps.items[index];
    struct manifest_when when = {0};
    bool more = false;
    bool on_step = step->when.n > 0 && manifest_when(step->when, &when) == 0 && when.condition >= MANIFEST_SUCCEEDED;
    for (size_t i = 0; run->steps[index].wanted && i < run->pack->steps.n; i++) {
        const struct manifest_step *other = &run->pack->steps.items[i];
        bool needed = on_step && bytes_eq(when.name, other->id);
        for (size_t j = 0; j < step->inputs.n; j++) {
            needed = needed || makes(other, step->inputs.items[j]);
        }
        for (size_t j = 0; j < step->needs.n; j++) {
            needed = needed || bytes_eq(step->needs.items[j], other->id);
        }
        more = more || (needed && !run->steps[i].wanted);
        run->steps[i].wanted = run->steps[i].wanted || needed;
    }
    return more;
}

int running_want(struct running *run, struct err *err) {
    const struct run_part *part = run->options->part;
    bool more = true, any = part == NULL || part->route == NULL;
    for (size_t i = 0; i < run->pack->steps.n; i++) {
        bool on =
            part == NULL || (part->route != NULL && running_serves(run, &run->pack->steps.items[i], bytes_of(part->route)));
        run->steps[i].wanted = on;
        any = any || on;
    }
    if (!any) return err_set(err, ERR_INVALID, "no step of the pack is on the route '%.100s'", part->route);
    for (size_t k = 0; part != NULL && k < part->outputs_n; k++) {
        bool made = false;
        for (size_t i = 0; i < run->pack->steps.n; i++) {
            bool here = makes(&run->pack->steps.items[i], part->outputs[k]);
            run->steps[i].wanted = run->steps[i].wanted || here;
            made = made || here;
        }
        if (!made) {
            return err_set(err, ERR_INVALID, "no step of the pack makes '%.*s'", (int)part->outputs[k].n,
                           (const char *)part->outputs[k].p);
        }
    }
    while (more) {
        more = false;
        for (size_t i = 0; i < run->pack->steps.n; i++) {
            more = want_more(run, i) || more;
        }
    }
    return 0;
}

bool running_stopped(const struct running *run) {
    struct pollfd fd = {.fd = run->options->stop_fd, .events = POLLIN};
    return (run->options->stop != NULL && *run->options->stop != 0) || (fd.fd > 0 && poll(&fd, 1, 0) > 0);
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
