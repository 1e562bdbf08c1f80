/* One function for each form. What is there by a name alone (a program on PATH) may be connected when it is named; what is certain
 * to be there is connected without that. */
#include "capture/find/places.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/http/listen.h"
#include "base/text.h"
#include "capture/find/process.h"

#define RECEIVER "127.0.0.1:4318"

static bool join_root(const struct find_world *world, const char *path, char ret[FILE_PATH_MAX]) {
    return snprintf(ret, FILE_PATH_MAX, "%s%s", world->root, path) < FILE_PATH_MAX;
}

/* ---- directories ---- */

static int put_directory(struct find_list *list, const struct find_thing *thing, const char *path, bool sure,
                         struct err *err) {
    struct find_found *f = NULL;
    int rc = find_add(list, thing, "directory", &f, err);
    if (rc != 0) return rc;
    snprintf(f->where, sizeof(f->where), "%s", path);
    snprintf(f->place, sizeof(f->place), "%s", path);
    f->key = "path";
    f->can = f->place[0] == '/' && text_utf8_valid((const uint8_t *)path, strlen(path)) == strlen(path);
    f->sure = sure && f->can;
    if (!sure) {
        snprintf(f->note, sizeof(f->note), "connected when it is named");
    }
    return 0;
}

static bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

/* Whether the directory, or with `depth` one in it, has a file with such a name. */
static bool has_file(const char *path, const char *begin, const char *end, unsigned depth) {
    char below[FILE_PATH_MAX];
    bool found = false;
    DIR *dir = opendir(path);
    for (const struct dirent *one; dir != NULL && !found && (one = readdir(dir)) != NULL;) {
        found = strncmp(one->d_name, begin, strlen(begin)) == 0 && ends_with(one->d_name, end);
        if (!found && depth > 0 && one->d_type == DT_DIR && one->d_name[0] != '.') {
            found = file_join(below, path, one->d_name, NULL) == 0 && has_file(below, begin, end, depth - 1);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return found;
}

/* A path as it means the same from every directory; "file://" is how Inspect may write it. False: it is elsewhere. */
static bool make_absolute(const char *path, char ret[FILE_PATH_MAX]) {
    char cwd[FILE_PATH_MAX];
    path += strncmp(path, "file://", 7) == 0 ? 7 : 0;
    if (strstr(path, "://") != NULL) return false;
    if (path[0] == '/') return snprintf(ret, FILE_PATH_MAX, "%s", path) < FILE_PATH_MAX;
    path += strncmp(path, "./", 2) == 0 ? 2 : 0;
    return getcwd(cwd, sizeof(cwd)) != NULL && file_join(ret, cwd, path, NULL) == 0;
}

static bool is_directory(const char *path) {
    DIR *dir = opendir(path);
    if (dir != NULL) {
        closedir(dir);
    }
    return dir != NULL;
}

static int put_program(const struct find_world *world, const struct find_thing *thing, struct find_list *list,
                       struct err *err) {
    struct find_found *f = NULL;
    const char *by = find_by(world, thing);
    if (by == NULL) return 0;
    int rc = find_add(list, thing, by, &f, err);
    if (rc == 0 && strcmp(by, "variable") == 0) {
        snprintf(f->where, sizeof(f->where), "%s", thing->variable);
    } else if (rc == 0 && strcmp(by, "directory") == 0) {
        rc = file_join(f->where, world->home, thing->below_home, err);
    }
    return rc;
}

/* INSPECT_LOG_DIR, else ./logs with a log in it; of the harness, directories here whose name begins with "results". */
static int find_results(const struct find_world *world, const struct find_thing *thing, struct find_list *list,
                        struct err *err) {
    const char *told = thing->variable[0] != '\0' ? world->env(thing->variable) : NULL;
    bool inspect = thing->variable[0] != '\0', any = false;
    char path[FILE_PATH_MAX];
    int rc = 0;
    if (told != NULL && make_absolute(told, path) && is_directory(path)) {
        return put_directory(list, thing, path, true, err);
    }
    if (inspect && told == NULL && make_absolute("logs", path) && has_file(path, "", ".eval", 0)) {
        return put_directory(list, thing, path, false, err);
    }
    DIR *here = inspect ? NULL : opendir(".");
    for (const struct dirent *one; here != NULL && !any && rc == 0 && (one = readdir(here)) != NULL;) {
        any = strncmp(one->d_name, "results", 7) == 0 && make_absolute(one->d_name, path) &&
              has_file(path, "results_", ".json", 1);
        if (any) rc = put_directory(list, thing, path, false, err);
    }
    if (here != NULL) {
        closedir(here);
    }
    return any || rc != 0 ? rc : put_program(world, thing, list, err);
}

static int find_cache(const struct find_world *world, const struct find_thing *thing, struct find_list *list,
                      struct err *err) {
    char path[FILE_PATH_MAX];
    return find_hub(world->env, path) && is_directory(path) ? put_directory(list, thing, path, true, err) : 0;
}

/* ---- telemetry ---- */

/* ADDRESS:PORT of a URL of this machine; false: it is another's. */
static bool take_address(const char *url, char ret[HTTPD_ADDRESS_MAX]) {
    const char *host = strstr(url, "://") != NULL ? strstr(url, "://") + 3 : url;
    size_t n = strcspn(host, "/?#");
    snprintf(ret, HTTPD_ADDRESS_MAX, "%.*s", (int)(n < HTTPD_ADDRESS_MAX ? n : 0), host);
    return strncmp(url, "https:", 6) != 0 && strncmp(ret, HTTPD_UNIX, strlen(HTTPD_UNIX)) != 0 && httpd_listen_is_here(ret);
}

/* Does something listen there already? */
static bool is_taken(const char *address) {
    const char *colon = strrchr(address, ':');
    uint64_t port = 0;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (address[0] == '[' || colon == NULL || text_parse_u64(bytes_of(colon + 1), &port) != 0) return false;
    to.sin_port = htons((uint16_t)port);
    const struct timeval limit = {.tv_usec = 500000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
                 connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return taken;
}

/* The first of these variables that is set, and its value; NULL: none. */
static const char *find_variable(const char *(*env)(const char *name), const char **ret_name) {
    static const char *const variables[] = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                                            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"};
    const char *url = NULL;
    for (size_t i = 0; url == NULL && i < sizeof(variables) / sizeof(variables[0]); i++) {
        *ret_name = variables[i];
        url = env(variables[i]);
    }
    return url;
}

void places_receiver(const char *(*env)(const char *name), char ret[HTTPD_ADDRESS_MAX]) {
    const char *variable, *url = find_variable(env, &variable);
    if (url == NULL || !take_address(url, ret)) snprintf(ret, HTTPD_ADDRESS_MAX, "%s", RECEIVER);
}

static int find_telemetry(const struct find_world *world, const struct find_thing *thing, struct find_list *list,
                          struct err *err) {
    const char *protocol = world->env("OTEL_EXPORTER_OTLP_PROTOCOL"), *variable = NULL;
    const char *url = find_variable(world->env, &variable);
    char address[HTTPD_ADDRESS_MAX];
    struct find_found *f = NULL;
    if (url == NULL) return 0;
    int rc = find_add(list, thing, "variable", &f, err);
    if (rc != 0) return rc;
    bool here = take_address(url, address), grpc = protocol != NULL && strcmp(protocol, "grpc") == 0;
    snprintf(f->where, sizeof(f->where), "%s", variable);
    snprintf(f->place, sizeof(f->place), "%s", here ? address : RECEIVER);
    f->key = "listen";
    f->can = true;
    bool taken = here && !grpc && is_taken(address);
    f->sure = here && !grpc && !taken;
    if (!here) {
        snprintf(f->note, sizeof(f->note), "it sends elsewhere; to be recorded: %s=http://" RECEIVER, variable);
    } else if (grpc) {
        snprintf(f->note, sizeof(f->note), "gRPC is not received: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
    } else if (taken) {
        snprintf(f->note, sizeof(f->note), "something listens at that address already");
    }
    return 0;
}

/* ---- services ---- */

static int find_journal(const struct find_world *world, const struct find_thing *thing, struct find_list *list,
                        struct err *err) {
    char path[FILE_PATH_MAX];
    struct find_found *f = NULL;
    if (!join_root(world, "/run/systemd/system", path) || !is_directory(path)) return 0; /* systemd has not booted it */
    bool program = find_program(world->env, thing->program);
    int rc = find_add(list, thing, "directory", &f, err);
    if (rc != 0) return rc;
    snprintf(f->where, sizeof(f->where), "%s", "/run/systemd/system");
    f->can = f->sure = program;
    if (!program) {
        snprintf(f->note, sizeof(f->note), "there is no journalctl on PATH");
    }
    return 0;
}

static int find_socket(const struct find_world *world, const struct find_thing *thing, struct find_list *list,
                       struct err *err) {
    static const char *const sockets[] = {"/run/tailscale/tailscaled.sock", "/var/run/tailscale/tailscaled.sock"};
    char path[FILE_PATH_MAX];
    struct find_found *f = NULL;
    bool program = find_program(world->env, thing->program);
    const char *socket = NULL;
    for (size_t i = 0; socket == NULL && i < 2; i++) {
        socket = join_root(world, sockets[i], path) && file_exists(path) ? sockets[i] : NULL;
    }
    if (socket == NULL && !program) return 0;
    int rc = find_add(list, thing, socket != NULL ? "socket" : "program", &f, err);
    if (rc != 0) return rc;
    snprintf(f->where, sizeof(f->where), "%s", socket != NULL ? socket : "");
    f->can = program;
    f->sure = program && socket != NULL;
    if (!f->sure) {
        snprintf(f->note, sizeof(f->note), program ? "its daemon does not run" : "there is no tailscale on PATH");
    }
    return 0;
}

static int find_audit(const struct find_world *world, const struct find_thing *thing, struct find_list *list,
                      struct err *err) {
    static const char *const logs[] = {"/var/lib/rancher/k3s/server/logs/audit.log", "/var/log/kubernetes/audit.log",
                                       "/var/log/kubernetes/audit/audit.log"};
    char path[FILE_PATH_MAX];
    struct process process;
    struct find_found *f = NULL;
    const char *log = NULL;
    for (size_t i = 0; log == NULL && i < sizeof(logs) / sizeof(logs[0]); i++) {
        log = join_root(world, logs[i], path) && file_exists(path) ? logs[i] : NULL;
    }
    bool runs = process_find(world->root, thing->process, &process, 1) == 1;
    if (log == NULL && !runs && !find_program(world->env, thing->program)) return 0;
    int rc = find_add(list, thing, log != NULL ? "log" : runs ? "process" : "program", &f, err);
    if (rc != 0) return rc;
    f->pid = runs ? process.pid : 0;
    snprintf(f->note, sizeof(f->note), "%s",
             log != NULL ? "a log that is rotated is followed by a pipe" : "no audit log is where k3s or kubeadm has it");
    if (log != NULL) {
        snprintf(f->where, sizeof(f->where), "%s", log);
        snprintf(f->command, sizeof(f->command), "tail -n +1 -F %s | ledger ingest kubernetes --follow -", log);
    }
    return 0;
}

int places_find(const struct find_world *world, const struct find_thing *thing, struct find_list *list, struct err *err) {
    switch (thing->form) {
    case FIND_SERVER:
        return 0;
    case FIND_HUB:
        return find_cache(world, thing, list, err);
    case FIND_RESULTS:
        return find_results(world, thing, list, err);
    case FIND_FILES:
        return put_program(world, thing, list, err);
    case FIND_TELEMETRY:
        return find_telemetry(world, thing, list, err);
    case FIND_JOURNAL:
        return find_journal(world, thing, list, err);
    case FIND_SOCKET:
        return find_socket(world, thing, list, err);
    case FIND_AUDIT:
        return find_audit(world, thing, list, err);
    }
    return 0;
}
