#include <stdio.h>

int main(void) {
    double seconds = 0;
    FILE *file = fopen("/proc/uptime", "r");
    if (file == NULL || fscanf(file, "%lf", &seconds) != 1) return 1;
    printf("up for %.0f s\n", seconds);
    return 0;
}
