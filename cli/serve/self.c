/* /proc/self/exe is this program even where another one has taken its place on the disk. */
#include "cli/serve/self.h"

#include <unistd.h>

#include "base/text.h"
#include "cli/call/command.h"

#define LIMIT_MAX_NS (3600 * CLOCK_NS_PER_S)

int self_program(struct cli *cli, char ret[FILE_PATH_MAX]) {
    ssize_t n = readlink("/proc/self/exe", ret, FILE_PATH_MAX - 1);
    if (n <= 0) return cli_refuse(cli, EXIT_SYSTEM, ERR_IO, "/proc/self/exe does not say where this program is");
    ret[n] = '\0';
    return 0;
}

int self_limit(struct cli *cli, const char *text, uint64_t *ret) {
    uint64_t limit = *ret;
    if (text != NULL &&
        (text_parse_duration(bytes_of(text), &limit) != 0 || limit < CLOCK_NS_PER_S || limit > LIMIT_MAX_NS)) {
        return cli_usage(cli, "--time-limit '%.40s' is not a duration from 1s to 1h", text);
    }
    *ret = limit;
    return 0;
}
