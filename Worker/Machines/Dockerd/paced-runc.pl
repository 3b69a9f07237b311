#!/usr/bin/perl
# Stands before runc in the PATH of a machine's daemon. What a RUN prints goes on to the daemon in portions of at most
# one page, each for one token from a pipe into which whoever follows the build puts one for each portion that he has
# read. Nobody holds the other end: nobody follows, and everything goes on at once.
use strict;
use warnings;
use Fcntl qw(F_GETFL F_SETFL O_DIRECT O_NONBLOCK O_RDONLY);

my ($folder) = $0 =~ m{^(.*)/[^/]*/[^/]*$};
my $runc = "$folder/runc";
my $page = 4096;
my $most = 65536;

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
            my $output = gather($from);
            delete $ends{$ready} if $output eq '';
            for (my $at = 0; $at < length $output; $at += $page) {
                take($tokens);
                syswrite($into, substr $output, $at, $page) // die "write: $!\n";
            }
        }
    }
    waitpid $child, 0;
    exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
}

# Many programs print line by line. A thousandth of a second later there are many, and the daemon has one portion to
# report instead of a hundred.
sub gather {
    my ($from) = @_;
    my $count = sysread($from, my $output, $most);
    if ($count && $count < $page) {
        select undef, undef, undef, 0.001;
        sysread($from, $output, $most, $count) if readable_now(fileno $from);
    }
    return $output;
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

sub readable_now {
    my ($number) = @_;
    my $set = '';
    vec($set, $number, 1) = 1;
    return select($set, undef, undef, 0) > 0;
}
