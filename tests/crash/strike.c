/* Preloaded: counts the calls by which a process changes files, and kills it at one of them, or lets that one and all
 * that follow fail. Pipes and sockets do not count. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 10000
static int counting, calls, at = -1, failure;
static char kinds[MOST];

/* From now on, the call numbered `number` (from 0) is struck: by SIGKILL where `error` is 0, else by that error. */
void strike(int number, int error) { memset(kinds, 0, MOST); calls = 0; at = number; failure = error; counting = 1; }
void peace(void) { at = -1; }
/* A letter for each call so far: w for those that write, s for all else (syncing, renaming, removing, creating). */
const char *counted(void) { return kinds; }

static int struck(char kind)
{
    int now;
    if (!counting)
        return 0;
    now = calls++;
    if (now < MOST - 1)
        kinds[now] = kind;
    if (at < 0 || now < at)
        return 0;
    if (!failure)
        kill(getpid(), SIGKILL);
    errno = failure;
    return 1;
}

static int isFile(int file)
{
    struct stat found;
    int before = errno, is = fstat(file, &found) == 0 && (S_ISREG(found.st_mode) || S_ISDIR(found.st_mode));
    errno = before;
    return is;
}

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))
#define ON_FILE(kind, type, name, parameters, arguments) \
    type name parameters { return isFile(file) && struck(kind) ? (type) -1 : REAL(name) arguments; }
#define ON_PATH(name, parameters, arguments) \
    int name parameters { return struck('s') ? -1 : REAL(name) arguments; }

ON_FILE('w', ssize_t, write, (int file, const void *data, size_t size), (file, data, size))
ON_FILE('w', ssize_t, pwrite, (int file, const void *data, size_t size, off_t where), (file, data, size, where))
ON_FILE('w', ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t where), (file, data, size, where))
ON_FILE('s', int, fsync, (int file), (file))
ON_FILE('s', int, fdatasync, (int file), (file))
ON_FILE('s', int, ftruncate, (int file, off_t size), (file, size))
ON_FILE('s', int, ftruncate64, (int file, off64_t size), (file, size))
ON_PATH(rename, (const char *path, const char *to), (path, to))
ON_PATH(link, (const char *path, const char *to), (path, to))
ON_PATH(unlink, (const char *path), (path))

#define OPENS(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list more; \
        mode_t mode; \
        va_start(more, flags); \
        mode = flags & O_CREAT ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return flags & O_CREAT && struck('s') ? -1 : REAL(name)(path, flags, mode); \
    }
OPENS(open)
OPENS(open64)
