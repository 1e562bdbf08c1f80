/* Feeds every file of a corpus to a fuzz target, so that everything a fuzzer has found is tested without one.
 *
 *   replay_fuzz_x DIR
 *
 * Links with exactly one tests/fuzz/fuzz_<x>.c. An absent or empty corpus is a failure: it would prove nothing. Each input
 * is a heap block of exactly its size, so that a sanitizer detects a read past its end. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(const char *path, size_t size) {
    uint8_t *data = malloc(size == 0 ? 1 : size);
    FILE *f = fopen(path, "rbe");
    int rc = -1;
    if (data != NULL && f != NULL && fread(data, 1, size, f) == size) {
        (void)LLVMFuzzerTestOneInput(data, size);
        rc = 0;
    } else {
        perror(path);
    }
    if (f != NULL) {
        fclose(f);
    }
    free(data);
    return rc;
}

int main(int argc, char **argv) {
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (dir == NULL) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY (and it must be there)\n", argv[0]);
        return 2;
    }
    int rc = 0;
    size_t fed = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[4096];
        struct stat st;
        int n = snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        if (n < 0 || (size_t)n >= sizeof(path) || stat(path, &st) != 0) {
            fprintf(stderr, "cannot look at '%s'\n", entry->d_name);
            rc = 1;
        } else if (S_ISREG(st.st_mode)) {
            /* Printed before it is fed: if the target dies, the last line names the input. */
            printf("%s\n", path);
            fflush(stdout);
            rc |= feed(path, (size_t)st.st_size) != 0;
            fed++;
        }
    }
    closedir(dir);
    if (fed == 0) {
        fprintf(stderr, "'%s' holds no inputs\n", argv[1]);
        rc = 1;
    }
    return rc;
}
