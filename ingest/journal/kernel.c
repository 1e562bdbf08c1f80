/* Messages of the kernel, which have no MESSAGE_ID:
 *
 *   oom-kill:constraint=CONSTRAINT_NONE,...,task_memcg=/system.slice/ollama.service,task=ollama,pid=4242,uid=997
 *   Out of memory: Killed process 4242 (ollama) total-vm:...
 *   Memory cgroup out of memory: Killed process 4242 (ollama) ...
 *   NVRM: Xid (PCI:0000:01:00): 79, pid=4242, name=ollama, GPU has fallen off the bus.
 *   amdgpu 0000:03:00.0: amdgpu: GPU reset begin!
 *   [drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx_0.0.0 timeout, ... */
#include <string.h>

#include "base/text.h"
#include "ingest/journal/journal.h"

static bool begins(struct bytes text, const char *with, struct bytes *ret_rest) {
    size_t n = strlen(with);
    if (!bytes_has_prefix(text, with)) return false;
    *ret_rest = (struct bytes){text.p + n, text.n - n};
    return true;
}

static bool holds(struct bytes text, const char *part, struct bytes *ret_from) {
    const uint8_t *at = text.n > 0 ? memmem(text.p, text.n, part, strlen(part)) : NULL;
    if (at == NULL) return false;
    *ret_from = (struct bytes){at + strlen(part), text.n - (size_t)(at + strlen(part) - text.p)};
    return true;
}

/* The part up to one of these characters. */
static struct bytes until(struct bytes text, const char *stops) {
    size_t n = 0;
    while (n < text.n && text.p[n] != '\0' && strchr(stops, text.p[n]) == NULL) {
        n++;
    }
    return (struct bytes){text.p, n};
}

/* An address on PCI: digits, colons and a point. */
static void put_device(struct journal_fault *f, struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
        if (!fine) return;
    }
    if (text.n == 0 || text.n >= sizeof(f->device)) return;
    memcpy(f->device, text.p, text.n);
    f->device[text.n] = '\0';
}

/* The unit of a path of control groups: its last part that is one. */
static void unit_of(struct bytes path, char ret[JOURNAL_UNIT_MAX + 1]) {
    static const char end[] = ".service";
    ret[0] = '\0';
    while (path.n > 0) {
        struct bytes part = until(path, "/");
        size_t n = sizeof(end) - 1;
        if (part.n > n && part.n <= JOURNAL_UNIT_MAX && memcmp(part.p + part.n - n, end, n) == 0 &&
            !text_has_control(part)) {
            memcpy(ret, part.p, part.n);
            ret[part.n] = '\0';
        }
        size_t taken = part.n < path.n ? part.n + 1 : part.n;
        path = (struct bytes){path.p + taken, path.n - taken};
    }
}

static bool is_oom(struct journal_reading *r, struct bytes text, struct journal_fault *ret) {
    struct bytes rest;
    if (begins(text, "oom-kill:", &rest)) {
        r->doomed[0] = '\0';
        if (holds(rest, "task_memcg=", &rest)) unit_of(until(rest, ","), r->doomed);
        return false;
    }
    if (!begins(text, "Out of memory: Killed process ", &rest) &&
        !begins(text, "Memory cgroup out of memory: Killed process ", &rest)) {
        return false;
    }
    *ret = (struct journal_fault){.what = "oom", .code = -1};
    memcpy(ret->unit, r->doomed, sizeof(ret->unit));
    r->doomed[0] = '\0';
    return true;
}

static bool is_gpu(const struct journal_entry *e, struct bytes text, struct journal_fault *ret) {
    struct bytes rest;
    uint64_t code;
    if (begins(text, "NVRM: Xid (", &rest)) {
        struct bytes device = until(rest, ")"), after;
        *ret = (struct journal_fault){.what = "gpu", .code = -1};
        (void)begins(device, "PCI:", &device);
        put_device(ret, device);
        if (holds(rest, "): ", &after) && text_parse_u64(until(after, ", "), &code) == 0 && code < INT32_MAX) {
            ret->code = (int64_t)code;
        }
        return true;
    }
    bool amd =
        holds(text, "amdgpu", &rest) && (holds(text, "GPU reset begin", &rest) || holds(text, "*ERROR* ring ", &rest) ||
                                         holds(text, "GPU fault detected", &rest));
    if (!amd) return false;
    *ret = (struct journal_fault){.what = "gpu", .code = -1};
    if (begins(text, "amdgpu ", &rest)) {
        struct bytes device = until(rest, " ");
        device.n -= device.n > 0 && device.p[device.n - 1] == ':';
        put_device(ret, device);
    } else if (begins(e->fields[JOURNAL_DEVICE], "+pci:", &rest)) {
        put_device(ret, rest);
    }
    return true;
}

bool journal_kernel(struct journal_reading *r, const struct journal_entry *e, struct journal_fault *ret) {
    struct bytes text = e->fields[JOURNAL_MESSAGE];
    text.n = text_utf8_valid(text.p, text.n);
    return is_oom(r, text, ret) || is_gpu(e, text, ret);
}
