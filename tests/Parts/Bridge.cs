namespace Builds.Parts;

/// <summary>A network bridge of our own. That its name is taken is the lock on its number, and so on its subnet.</summary>
public sealed record Bridge(string Name, string Gateway)
{
    /// <summary>What the hardware addresses of containers' ends of cables begin with: Docker makes them of IP addresses.</summary>
    public string Cables => "02:42:" + string.Join(':', Gateway.Split('.')[..3].Select(part => $"{int.Parse(part):x2}"));

    public static async Task<Bridge> CreateAsync()
    {
        var ip = Installed.Program("ip", "iproute2");
        var offset = Random.Shared.Next(256);
        for (var tries = 0; tries < 256; tries++)
        {
            var number = (offset + tries) % 256;
            var bridge = new Bridge($"bldtest{number}", $"10.213.{number}.1");
            try
            {
                await Command.RunAsync(ip, "link", "add", bridge.Name, "type", "bridge");
            }
            catch (PartException taken) when (taken.Message.Contains("File exists", StringComparison.Ordinal))
            {
                continue;
            }

            await Command.RunAsync(ip, "address", "add", bridge.Gateway + "/24", "dev", bridge.Name);
            await Command.RunAsync(ip, "link", "set", bridge.Name, "up");
            return bridge;
        }

        throw new PartException("all 256 bridges bldtest0 … bldtest255 are taken: ip link show type bridge");
    }
}
