#!/usr/bin/perl
# Stands before runc in the PATH of a machine's daemon. What a RUN prints goes on to the daemon in portions of at most
# one page, each for one token from a pipe into which whoever follows the build puts one for each portion that he has
# read. Nobody holds the other end: nobody follows, and everything goes on at once.
use strict;
use warnings;
use Fcntl qw(F_GETFL F_SETFL O_DIRECT O_NONBLOCK O_RDONLY);

my ($folder) = $0 =~ m{^(.*)/[^/]*/[^/]*$};
my $runc = "$folder/runc";

# Without an input it is a RUN; a frontend speaks with BuildKit over its input and output.
my $prints = grep { $_ eq 'run' } @ARGV;
$prints &&= -c STDIN && (stat STDIN)[6] == (stat '/dev/null')[6];
if (!$prints || !sysopen(my $tokens, "$folder/tokens", O_RDONLY | O_NONBLOCK)) {
    exec $runc, @ARGV;
    die "$runc: $!\n";
}
else {
    follow($tokens);
}

sub follow {
    my ($tokens) = @_;
    pipe(my $out, my $out_end) && pipe(my $err, my $err_end) or die "pipe: $!\n";
    my $child = fork // die "fork: $!\n";
    if (!$child) {
        open(STDOUT, '>&', $out_end) && open(STDERR, '>&', $err_end) or die "dup: $!\n";
        exec 'setpriv', '--pdeathsig', 'KILL', '--', $runc, @ARGV;
        die "setpriv: $!\n";
    }
    close $_ for $out_end, $err_end;

    my %ends = (fileno $out => [$out, \*STDOUT], fileno $err => [$err, \*STDERR]);
    # A pipe of packets: what is written at once is read at once, alone, and becomes one message of BuildKit's.
    for my $into (\*STDOUT, \*STDERR) {
        fcntl($into, F_SETFL, fcntl($into, F_GETFL, 0) | O_DIRECT) or die "packets: $!\n";
    }
    while (%ends) {
        for my $ready (readable(keys %ends)) {
            my ($from, $into) = @{$ends{$ready}};
            my $count = sysread $from, my $output, 65536;
            if (!$count) {
                delete $ends{$ready};
                next;
            }
            for (my $at = 0; $at < $count; $at += 4096) {
                take($tokens);
                syswrite($into, substr $output, $at, 4096) // die "write: $!\n";
            }
        }
    }
    waitpid $child, 0;
    exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
}

sub take {
    my ($tokens) = @_;
    until (defined sysread $tokens, my $token, 1) {
        $!{EAGAIN} or $!{EINTR} or die "tokens: $!\n";
        readable(fileno $tokens);
    }
}

sub readable {
    my $set = '';
    vec($set, $_, 1) = 1 for @_;
    my $many = select $set, undef, undef, undef;
    return $many > 0 ? grep { vec $set, $_, 1 } @_ : ();
}
