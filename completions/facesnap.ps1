# PowerShell completion for facesnap; load it with:
#   facesnap completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName facesnap -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $length = $cursorPosition - $commandAst.Extent.StartOffset
    $line = $commandAst.ToString().PadRight($length).Substring(0, $length)
    $kind, $words = & $commandAst.CommandElements[0].Value __complete --line $line 2>$null
    if ($kind -ne 'words') { return }  # nothing from here: PowerShell offers files by itself
    foreach ($word in $words) {
        $text, $help = $word -split "`t", 2
        if (-not $help) { $help = $text }
        [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $help)
    }
}
